/**
 * Ticket exports in the browser: the pages *New export* and *Status*, and the element <ticket-export>.
 *
 * The server renders all texts; this module puts parts of its pages in place. It stores nothing.
 */

const ROW = "[data-te-column]";
const HANDLE = "[data-te-drag]";
const STATUS = "[data-te-status]";
const CLOSE = "[data-te-close]";
const HEADING = "h1:not([role='alert'] *)";
// Milliseconds.
const SHORTEST_WAIT = 150;
const LONGEST_WAIT = 2_000;
const LONGEST_BACKOFF = 30_000;
const RESPONSE_LIMIT = 60_000;
const QUIET = 5_000; // between announcements
const KEEP_LOCK = 5_000; // another tab may see the old state
const HIDDEN = 4; // times slower
// Where no page has this text.
const UNREACHABLE = "The server did not answer as expected. Please try again.";

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
const all = (container, selector) => [...container.querySelectorAll(selector)];
const on = (target, type, listener, options) => target.addEventListener(type, listener, options);
const pathOf = (url) => new URL(url, location.href).pathname;

let trusted = { createHTML: (html) => html };
try {
  trusted = trustedTypes.createPolicy("ticket-export", trusted);
} catch {
  // No such API, or the host's policy does not name it.
}

/** Return a response and the <main> in it, if it is one of our pages. Scripts in it do not run. */
async function request(url, options, etag) {
  const headers = { Accept: "text/html", ...(etag && { "If-None-Match": etag }) };
  const signal = AbortSignal.timeout(RESPONSE_LIMIT);
  const response = await fetch(url, { headers, cache: "no-store", signal, ...options });
  const page = new DOMParser().parseFromString(trusted.createHTML(await response.text()), "text/html");
  const main = page.querySelector("[data-te-page]");
  if (main || response.status > 499 || (response.status && !response.redirected)) return { response, main };
  // To the host's login.
  location.href = response.url;
  return new Promise(() => {});
}

/** Wait; stop early when the tab is shown again or the network is back. */
function pause(time) {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(time);
    on(signal, "abort", resolve);
    on(globalThis, "online", resolve, { signal });
    on(document, "visibilitychange", () => document.hidden || resolve(), { signal });
  });
}

/** Return a function that releases the lock, or false while another tab holds it. */
function claim(name) {
  return new Promise((resolve) => {
    const hold = (lock) => lock && new Promise((release) => resolve(release));
    const asked = navigator.locks?.request(name, { ifAvailable: true }, hold) ?? Promise.reject();
    // There are no locks without HTTPS.
    asked.then(() => resolve(false), () => resolve(() => {}));
  });
}

/** Write times in the reader's zone; the server's text becomes the title. */
function localizeTimes(container, language) {
  // The reader's form of the page's language, such as en-GB.
  const locales = navigator.languages.filter((each) => each.startsWith(language)).concat(language || []);
  const format = new Intl.DateTimeFormat(locales, { dateStyle: "medium", timeStyle: "short" });
  for (const time of all(container, "time[datetime*='T']:not([data-te-local])")) {
    const moment = Date.parse(time.dateTime);
    if (Number.isNaN(moment)) continue;
    time.title ||= time.textContent.trim();
    time.dataset.teLocal = "";
    time.textContent = format.format(moment);
  }
}

/** Offer the browser's time zone, and choose it if the view has none. */
function offerTimeZone(container) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const select = container.querySelector("select[name='timeZone']");
  if (!select) return;
  if (![...select.options].some(({ value }) => value === zone)) select.add(new Option(zone.replaceAll("_", " "), zone));
  if ("teZone" in select.dataset) select.value = zone;
}

const identity = (node) => ["id", "name", "href", "action"].map((name) => node.getAttribute?.(name)).join("\n");

/** Make a node equal to a fresh one; the focus and a pressed button survive. */
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || identity(old) !== identity(fresh)) return old.replaceWith(fresh);
  if (!old.attributes) return old.data === fresh.data || (old.data = fresh.data);
  for (const { name } of [...old.attributes]) {
    if (name !== "tabindex" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  const children = [...old.childNodes];
  const successors = [...fresh.childNodes];
  successors.forEach((each, at) => (children[at] ? morph(children[at], each) : old.append(each)));
  return children.slice(successors.length).forEach((each) => each.remove());
}

function focusOn(element) {
  if (element && element.tabIndex < 0) element.tabIndex = -1;
  element?.focus();
}

/** Let the columns of *New export* be ordered by pointer, keyboard and buttons. */
function orderColumns(place, announce) {
  let grabbed = null; // the row that moves, the order before, and whether a pointer moves it
  let pointer = 0; // its height

  const orderOf = (row) => [...row.parentElement.children];
  const say = (row, name) => {
    const rows = orderOf(row);
    const label = row.querySelector("label")?.textContent.trim();
    const values = { label, place: rows.indexOf(row) + 1, count: rows.length };
    announce((row.parentElement.dataset[name] ?? "").replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all));
  };
  // The other rows move around this one, which so keeps the focus and the pointer's capture.
  const arrange = (row, order) => {
    const at = order.indexOf(row);
    row.before(...order.slice(0, at));
    row.after(...order.slice(at + 1));
    markEnds(row.parentElement);
  };
  const move = (row, step) => {
    const order = orderOf(row);
    const at = order.indexOf(row);
    if (order[at + step]) arrange(row, order.with(at, order[at + step]).with(at + step, row));
    row.scrollIntoView({ block: "nearest" });
    say(row, "teMoved");
  };
  const mark = (row, moves) => {
    row.toggleAttribute("data-te-moving", moves);
    row.querySelector(HANDLE).ariaPressed = moves;
  };
  const grab = (row, isDragged = false) => {
    grabbed = { row, order: orderOf(row), isDragged };
    mark(row, true);
    say(row, "teGrabbed");
  };
  const drop = (text = "teDropped") => {
    if (!grabbed) return;
    const { row, order } = grabbed;
    grabbed = null;
    mark(row, false);
    arrange(row, text === "teRestored" ? order : orderOf(row));
    say(row, text);
  };
  const middle = (each) => each.getBoundingClientRect().top + each.offsetHeight / 2;
  const follow = () => {
    if (!grabbed?.isDragged) return;
    const { row } = grabbed;
    const { previousElementSibling: previous, nextElementSibling: next } = row;
    if (previous && pointer < middle(previous)) row.after(previous);
    else if (next && pointer > middle(next)) row.before(next);
    else return;
    follow();
  };
  /** Scroll in each frame while the pointer is near an edge. */
  const scroll = () => {
    if (!grabbed?.isDragged) return;
    const scrolled = place.closest("dialog") ?? document.scrollingElement;
    const { top, bottom } = scrolled.getBoundingClientRect();
    const step = pointer < Math.max(top, 0) + 48 ? -10 : pointer > Math.min(bottom, innerHeight) - 48 ? 10 : 0;
    scrolled.scrollBy(0, step);
    if (step) follow();
    requestAnimationFrame(scroll);
  };

  on(place, "click", (event) => {
    const button = event.target.closest("button");
    const row = button?.closest(ROW);
    const step = { up: -1, down: 1 }[button?.name];
    if (row && step) {
      event.preventDefault();
      move(row, step);
    } else if (row && button.matches(HANDLE) && event.detail === 0) {
      // By keyboard or screen reader; a pointer counts its clicks.
      if (grabbed) drop();
      else grab(row);
    } else if (button?.matches("[data-te-all], [data-te-none]")) {
      for (const box of all(button.form, "[name='columns']")) box.checked = "teAll" in button.dataset;
    }
  });
  on(place, "keydown", (event) => {
    const row = event.target.closest(ROW);
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (row && step && (event.altKey || grabbed?.row === row)) move(row, step);
    else if (grabbed && event.key === "Escape") drop("teRestored");
    else return;
    event.preventDefault();
  });
  on(place, "pointerdown", ({ target, button, isPrimary, pointerId, clientY }) => {
    const handle = target.closest(HANDLE);
    if (!handle || button !== 0 || !isPrimary) return;
    drop();
    grab(handle.closest(ROW), true);
    pointer = clientY;
    handle.setPointerCapture(pointerId);
    scroll();
  });
  on(place, "pointermove", ({ clientY }) => {
    pointer = clientY;
    follow();
  });
  on(place, "pointercancel", () => drop("teRestored"));
  on(place, "lostpointercapture", () => drop("teMoved"));
  on(place, "focusout", ({ relatedTarget }) => {
    if (!grabbed?.isDragged && !grabbed?.row.contains(relatedTarget)) drop();
  });
}

/** Mark the buttons that cannot move their row; if they were disabled, they would lose the focus. */
function markEnds(list) {
  for (const button of all(list, "[name='up'], [name='down']")) {
    const end = button.name === "up" ? list.firstElementChild : list.lastElementChild;
    button.disabled = false;
    button.ariaDisabled = end.contains(button);
  }
}

/** Let a <main>, or with `onShow` a part of a host's page, show pages, send forms and watch an export. */
function showPages(place, onShow) {
  let url = location.href;
  let isSending = false;
  let watching = null; // another object for each export
  let isWatched = false; // this tab requested the export, or saw it run
  let lock = null; // what `claim` returned
  let message = null; // the notice above the contents
  let announced = "";
  let announcedAt = -QUIET;
  let announcing = 0;

  const find = (selector) => place.querySelector(selector);
  const status = () => find(STATUS);
  const isActive = () => status()?.dataset.teActive === "true";
  const first = () => find("[data-te-problems]") ?? find(HEADING);
  const tell = (name) => {
    const options = { bubbles: true, composed: true, detail: { url } };
    place.dispatchEvent(new CustomEvent(`ticket-export:${name}`, options));
  };

  // Later: screen readers do not read a new region at once.
  const announce = (text) => {
    clearTimeout(announcing);
    announcing = setTimeout(() => find("[data-te-announce]")?.replaceChildren(text), 100);
  };
  const announceStatus = () => {
    const says = status()?.dataset.teSays;
    const now = performance.now();
    if (!says || says === announced || (isActive() && now < announcedAt + QUIET)) return;
    announced = says;
    announcedAt = now;
    announce(says);
  };

  const notice = (...contents) => {
    message?.remove();
    if (!contents.length) return;
    message = make("div", { className: "te-notice te-notice-bad", role: "alert" });
    message.append(...contents);
    place.prepend(message);
    message.scrollIntoView({ block: "nearest" });
    onShow?.();
  };

  const enhance = (container, language) => {
    localizeTimes(container, language);
    offerTimeZone(container);
    all(container, "[data-te-columns]").forEach(markEnds);
    for (const each of all(container, `${HANDLE}, [data-te-all], [data-te-none]`)) each.hidden = false;
  };

  const stop = () => {
    watching = null;
    if (lock) lock();
    lock = null;
  };

  const replace = (main, newUrl) => {
    url = newUrl || url;
    announced = "";
    // A step back leads to the page before the form.
    if (!onShow) history.replaceState(null, "", url);
    const { lang, dir } = main.ownerDocument.documentElement;
    if (onShow) Object.assign(place, { lang, dir });
    for (const { name, value } of main.attributes) {
      if (name === "class" || name.startsWith("data-te-")) place.setAttribute(name, value);
    }
    place.replaceChildren(...main.childNodes);
  };

  /** Change the contents, and keep the focus if it is inside. */
  const keepFocus = (change) => {
    const focused = place.getRootNode().activeElement;
    const isInside = place.contains(focused);
    const before = status();
    change();
    if (!isInside || focused.isConnected) return;
    focusOn(before?.isConnected ? before : first());
  };

  const finish = async ({ teFile, teState }) => {
    tell(teState === "completed" ? "completed" : "failed");
    // Null: it never ran here. False: another tab saves its file.
    lock ??= await claim(pathOf(url));
    if (!lock) return;
    setTimeout(lock, KEEP_LOCK);
    if (teFile) make("a", { href: teFile, download: "" }).click();
  };

  // No new address: it answers a form.
  const show = (main, newUrl) => {
    const { title, documentElement } = main.ownerDocument;
    const old = status();
    const fresh = main.querySelector(STATUS);
    const isSame = old && fresh && (!newUrl || pathOf(newUrl) === pathOf(url));
    if (!isSame) {
      stop();
      isWatched = newUrl && fresh;
    }
    enhance(main, documentElement.lang);
    notice();
    keepFocus(() => (isSame && newUrl ? morph(old, fresh) : replace(main, newUrl)));
    if (!onShow) document.title = title;
    if (newUrl && fresh && !isSame) tell("requested");
    announceStatus();
    onShow?.();
    resume();
    if (!fresh || isActive()) return;
    watching = null;
    if (isWatched) finish(status().dataset);
    isWatched = false;
  };

  const watch = async () => {
    const mine = (watching = {});
    const began = performance.now();
    let etag = null;
    let failures = 0;
    let wait = 0;
    isWatched = true;
    while (watching === mine) {
      lock ||= await claim(pathOf(url));
      const gentle = Math.min(LONGEST_WAIT, SHORTEST_WAIT + (performance.now() - began) / 10);
      const backoff = failures && Math.min(LONGEST_BACKOFF, 500 * 2 ** failures);
      await pause(Math.max(gentle, wait, backoff) * (document.hidden ? HIDDEN : 1));
      if (watching !== mine) return;
      try {
        const { response, main } = await request(url, { redirect: "manual" }, etag);
        if (watching !== mine) return;
        wait = Number(response.headers.get("Retry-After")) * 1_000 || 0;
        const isExpected = main ? response.ok || [401, 403, 404].includes(response.status) : response.status === 304;
        if (!isExpected) throw new Error(response.status);
        if (failures) notice();
        failures = 0;
        etag = response.headers.get("ETag");
        if (main) show(main, url);
        if (main && !status()) tell("failed");
      } catch {
        failures += 1;
        if (failures === 1) notice(place.dataset.teOffline ?? UNREACHABLE);
      }
    }
  };

  const send = async (action, body, isOpening = false) => {
    if (isSending) return;
    isSending = true;
    watching = null; // or it shows buttons too early
    place.ariaBusy = true;
    try {
      const { response, main } = await request(action, { method: "POST", body });
      if (!main) throw new Error(response.status);
      if (main.dataset.tePage !== "problem" || isOpening) show(main, response.redirected && response.url);
      else notice(...all(main, "h1, p:not([class])"));
    } catch {
      if (isOpening) place.replaceChildren();
      notice(place.dataset.teUnsent ?? UNREACHABLE);
    }
    isSending = false;
    place.ariaBusy = null;
    resume();
  };

  const resume = () => {
    if (isActive() && !watching) watch();
  };

  orderColumns(place, announce);
  on(place, "submit", (event) => {
    const { target: form, submitter } = event;
    if (!form.matches(`[data-te-new], ${STATUS} form`)) return;
    event.preventDefault();
    const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? url;
    send(action, new URLSearchParams(new FormData(form, submitter)));
  });
  if (!onShow) {
    enhance(place, document.documentElement.lang);
    announced = status()?.dataset.teSays;
    resume();
  }
  return { find, first, isActive, resume, send, status, stop };
}

/** Make the button and the dialog of an element. */
function exportButton(element) {
  const button = make("button", { type: "button", className: "te-button te-export", part: "button" });
  const dialog = make("dialog", { className: "te-dialog", part: "dialog" });
  const place = make("div");
  const close = make("button", { type: "button", textContent: "×", ariaLabel: "Close" });
  const attribute = (name, otherwise) => element.getAttribute(name) ?? otherwise;
  const root = () => attribute("root", new URL("..", import.meta.url).pathname).replace(/\/$/, "");
  let isUnseen = false; // ended in a closed dialog
  let asked = null; // the view of the form in the dialog

  /** Show the host's label, or the state of an export that runs or has ended unseen. */
  const label = () => {
    const state = (isUnseen || pages.isActive()) && pages.status()?.dataset.teShort;
    button.textContent = state || element.textContent.trim();
  };
  const onShow = () => {
    if (pages.find(CLOSE)) pages.find(CLOSE).hidden = false;
    else place.append(close);
    dialog.ariaLabel = (pages.find(HEADING) ?? element).textContent.trim();
    isUnseen ||= !dialog.open && pages.status();
    label();
  };
  const pages = showPages(place, onShow);

  const ask = async (view) => {
    if (place.ariaBusy) return;
    button.ariaBusy = true;
    asked = view;
    place.dataset.teUnsent ??= attribute("unreachable", UNREACHABLE);
    await pages.send(`${root()}/new`, new URLSearchParams({ view }), true);
    button.ariaBusy = null;
  };
  const open = async () => {
    const view = attribute("view", "{}");
    const isKept = pages.find("[data-te-new]") && view === asked;
    if (button.ariaBusy) return;
    if (!isKept && !isUnseen && !pages.isActive()) await ask(view);
    if (dialog.open || !element.isConnected) return;
    dialog.showModal();
    focusOn(pages.first());
  };

  new MutationObserver(label).observe(element, { characterData: true, childList: true, subtree: true });
  close.dataset.teClose = "";
  dialog.append(place);
  button.ariaHasPopup = "dialog";
  on(button, "click", open);
  on(dialog, "click", (event) => {
    const pressed = event.target.closest(`a[href], ${CLOSE}`);
    if (pressed?.matches(CLOSE)) dialog.close();
    if (!pressed?.href || pathOf(pressed.href) !== `${root()}/new`) return;
    event.preventDefault(); // The link has no view.
    ask(attribute("view", "{}"));
  });
  on(dialog, "close", () => {
    isUnseen = pages.isActive();
    label();
    button.focus();
  });
  return {
    enter() {
      if (!element.shadowRoot) {
        const styles = make("link", { rel: "stylesheet", href: `${root()}/static/ticket-export.css` });
        element.attachShadow({ mode: "open" }).append(styles, button, dialog);
      }
      label();
      pages.resume();
    },
    leave() {
      dialog.close(); // no longer modal
      pages.stop();
    },
  };
}

/**
 * The Export button of a host's own list. The text of the link in it is its label.
 *
 * Its attributes and events: docs/how-to/offer-an-export-button.md
 */
class TicketExport extends HTMLElement {
  #button = exportButton(this);

  get view() {
    return JSON.parse(this.getAttribute("view") ?? "{}");
  }

  set view(view) {
    this.setAttribute("view", typeof view === "string" ? view : JSON.stringify(view));
  }

  connectedCallback() {
    if (Object.hasOwn(this, "view")) {
      // Set before the class existed.
      const { view } = this;
      delete this.view;
      this.view = view;
    }
    this.#button.enter();
  }

  disconnectedCallback() {
    this.#button.leave();
  }
}

const main = document.querySelector("main[data-te-page]");
if (main) showPages(main);
customElements.get("ticket-export") ?? customElements.define("ticket-export", TicketExport);
