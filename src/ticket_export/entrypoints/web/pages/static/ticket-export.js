/**
 * Ticket exports in the browser: the pages *New export* and *Status*, and the element <ticket-export>.
 *
 * The server renders all texts and states. This module fetches the same pages as a browser without JavaScript, and puts
 * their parts in place. It stores nothing.
 */

const ROW = "[data-te-column]";
const HANDLE = "[data-te-drag]";
const STATUS = "[data-te-status]";
// Milliseconds.
const SHORTEST_WAIT = 150;
const LONGEST_WAIT = 2_000;
const LONGEST_BACKOFF = 30_000;
const RESPONSE_LIMIT = 60_000;
const QUIET = 5_000;
const KEEP_LOCK = 5_000; // another tab may still see the state before
// A hidden tab polls so many times slower.
const HIDDEN = 4;
// For an element that could not fetch a page with texts; a host translates it.
const UNREACHABLE = "The server did not answer as expected. Please try again.";

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
const pathOf = (url) => new URL(url, location.href).pathname;

const trusted = (() => {
  try {
    return globalThis.trustedTypes?.createPolicy("ticket-export", { createHTML: (html) => html });
  } catch {
    return undefined; // The host's policy does not list this name. It matters only if it requires trusted types.
  }
})();

/** Return a response and the page in it, if it is one of ours. Scripts in it do not run. */
async function request(url, { headers, ...options } = {}) {
  const signal = AbortSignal.timeout(RESPONSE_LIMIT);
  const accepted = { Accept: "text/html", ...headers };
  const response = await fetch(url, { headers: accepted, cache: "no-store", signal, ...options });
  const html = await response.text();
  if (!response.headers.get("Content-Type")?.startsWith("text/html")) return { response };
  const { title, documentElement } = new DOMParser().parseFromString(trusted?.createHTML(html) ?? html, "text/html");
  const main = documentElement.querySelector("[data-te-page]");
  const { lang, dir } = documentElement;
  return { response, page: main && { main, title, lang, dir, url: response.url } };
}

/** Wait; stop early when the tab is shown again or the network is back. */
function pause(time) {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(time);
    signal.addEventListener("abort", resolve);
    addEventListener("online", resolve, { signal });
    document.addEventListener("visibilitychange", () => document.hidden || resolve(), { signal });
  });
}

/** Return a function that releases the lock, or false while another tab holds it. */
function claim(name) {
  return new Promise((resolve) => {
    const unlocked = () => resolve(() => {});
    // Locks exist only over HTTPS and on localhost.
    if (!navigator.locks) return unlocked();
    const hold = (lock) => lock && new Promise((release) => resolve(release));
    return navigator.locks.request(name, { ifAvailable: true }, hold).then(() => resolve(false), unlocked);
  });
}

/** Write times in the reader's zone; the text of the server becomes the title. */
function localizeTimes(container, language) {
  const format = new Intl.DateTimeFormat(language || undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of container.querySelectorAll("time[datetime*='T']:not([data-te-local])")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title ||= time.textContent.trim();
    time.dataset.teLocal = "";
    time.textContent = format.format(moment);
  }
}

/** Offer the browser's time zone; choose it if the view has none. */
function offerTimeZone(container) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const select = container.querySelector("select[name='timeZone']");
  if (!zone || !select) return;
  if (![...select.options].some(({ value }) => value === zone)) select.add(new Option(zone.replaceAll("_", " "), zone));
  if (select.hasAttribute("data-te-zone")) select.value = zone;
}

const identity = (node) => ["id", "name", "href", "action"].map((name) => node.getAttribute?.(name)).join("\n");

/** Change a node into a fresh one with as few changes as possible: focus and a pressed button survive. */
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || identity(old) !== identity(fresh)) return old.replaceWith(fresh);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return undefined;
  }
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

  const say = (row, name) => {
    const rows = [...row.parentElement.children];
    const label = row.querySelector("label")?.textContent.trim();
    const values = { label, place: rows.indexOf(row) + 1, count: rows.length };
    announce((row.parentElement.dataset[name] ?? "").replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all));
  };
  /** Move the other rows around this one: it stays in the document, and so do its focus and the pointer's capture. */
  const arrange = (row, order) => {
    const at = order.indexOf(row);
    row.before(...order.slice(0, at));
    row.after(...order.slice(at + 1));
    markEnds(row.parentElement);
  };
  const move = (row, step) => {
    const order = [...row.parentElement.children];
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
    grabbed = { row, order: [...row.parentElement.children], isDragged };
    mark(row, true);
    say(row, "teGrabbed");
  };
  const drop = (text = "teDropped") => {
    if (!grabbed) return;
    const { row, order } = grabbed;
    grabbed = null;
    mark(row, false);
    arrange(row, text === "teRestored" ? order : [...row.parentElement.children]);
    say(row, text);
  };
  const drag = (row, handle, event) => {
    const scrolled = row.closest("dialog") ?? document.scrollingElement;
    const dragging = new AbortController();
    let pointer = event.clientY;
    const middle = (each) => each.getBoundingClientRect().top + each.offsetHeight / 2;
    const follow = () => {
      const { previousElementSibling: previous, nextElementSibling: next } = row;
      if (previous && pointer < middle(previous)) row.after(previous);
      else if (next && pointer > middle(next)) row.before(next);
      else return;
      follow();
    };
    const scroll = () => {
      if (!grabbed) return;
      const { top, bottom } = scrolled.getBoundingClientRect();
      const step = pointer < Math.max(top, 0) + 48 ? -10 : pointer > Math.min(bottom, innerHeight) - 48 ? 10 : 0;
      scrolled.scrollBy(0, step);
      if (step) follow();
      requestAnimationFrame(scroll);
    };
    const end = (text) => {
      dragging.abort();
      drop(text);
    };
    const moved = ({ clientY }) => {
      pointer = clientY;
      if (grabbed) follow();
    };
    drop();
    grab(row, true);
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", moved, dragging);
    handle.addEventListener("pointercancel", () => end("teRestored"), dragging);
    handle.addEventListener("lostpointercapture", () => end("teMoved"), dragging);
    requestAnimationFrame(scroll);
  };

  place.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const row = button?.closest(ROW);
    if (row && ["up", "down"].includes(button.name)) {
      event.preventDefault();
      move(row, button.name === "up" ? -1 : 1);
    } else if (row && button.matches(HANDLE) && event.detail === 0) {
      // A click by the keyboard or a screen reader; a pointer counts its clicks.
      if (grabbed) drop();
      else grab(row);
    } else if (button?.matches("[data-te-all], [data-te-none]")) {
      for (const box of button.form.querySelectorAll("[name='columns']")) box.checked = "teAll" in button.dataset;
    }
  });
  place.addEventListener("keydown", (event) => {
    const row = event.target.closest(ROW);
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (row && step && (event.altKey || grabbed?.row === row)) move(row, step);
    else if (grabbed && event.key === "Escape") drop("teRestored");
    else return;
    event.preventDefault();
  });
  place.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(HANDLE);
    const row = handle?.closest(ROW);
    if (row && event.button === 0 && event.isPrimary) drag(row, handle, event);
  });
  place.addEventListener("focusout", ({ relatedTarget }) => {
    if (!grabbed?.isDragged && !grabbed?.row.contains(relatedTarget)) drop();
  });
}

/** Mark the buttons that cannot move their row. They are not disabled, so that they keep the focus. */
function markEnds(list) {
  for (const button of list?.querySelectorAll("[name='up'], [name='down']") ?? []) {
    const row = button.closest(ROW);
    button.disabled = false;
    button.ariaDisabled = row === (button.name === "up" ? list.firstElementChild : list.lastElementChild);
  }
}

/** Let a place show pages, send their forms, watch an export while it is active, and save its file. */
function showPages(place, { hasHistory = false, onShow = () => {} } = {}) {
  const left = new Map(); // the contents that were replaced, by path
  let url = location.href;
  let isSending = false;
  let watching = null; // another object for each export
  let isWatched = false; // whether this tab requested the export, or saw it run
  let lock = null; // what `claim` returned
  let announced = "";
  let announcedAt = -QUIET;
  let announcing = 0;

  const find = (selector) => place.querySelector(selector);
  const status = () => find(STATUS);
  const isActive = () => status()?.dataset.teActive === "true";
  /** Where the focus begins. */
  const first = () => find("[data-te-problems]") ?? find("h1, h2");
  const tell = (name) => {
    const event = { bubbles: true, composed: true, detail: { url: new URL(url, location.href).href } };
    place.dispatchEvent(new CustomEvent(`ticket-export:${name}`, event));
  };

  /** Put a text into the live region; a moment later, because a new region is not read at once. */
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

  /** Show a message above the contents; without one, remove it. */
  const notice = (...contents) => {
    find("[data-te-notice]")?.remove();
    if (!contents.length) return;
    const message = make("div", { className: "te-notice te-notice-bad", role: "alert" });
    message.dataset.teNotice = "";
    message.append(...contents);
    place.prepend(message);
    message.scrollIntoView({ block: "nearest" });
    onShow();
  };

  const enhance = (container, language) => {
    localizeTimes(container, language);
    offerTimeZone(container);
    markEnds(container.querySelector("[data-te-columns]"));
    for (const each of container.querySelectorAll(`${HANDLE}, [data-te-all], [data-te-none]`)) each.hidden = false;
  };

  const stop = () => {
    watching = null;
    if (lock) lock();
    lock = null;
  };

  const leave = (path) => left.set(path, [...place.childNodes]);

  const replace = (page, isRequested) => {
    stop();
    if (hasHistory && isRequested && pathOf(page.url) !== location.pathname) {
      leave(location.pathname);
      history.pushState(null, "", page.url);
    }
    if (!hasHistory) Object.assign(place, { lang: page.lang, dir: page.dir });
    for (const { name, value } of page.main.attributes) {
      if (name === "class" || name.startsWith("data-te-")) place.setAttribute(name, value);
    }
    url = page.url;
    announced = "";
    place.replaceChildren(...page.main.childNodes);
  };

  /** Change the contents; keep the focus if it is inside, and never take it from elsewhere. */
  const keepFocus = (change) => {
    const focused = place.getRootNode().activeElement;
    const isInside = place.contains(focused);
    const before = status();
    change();
    if (!isInside || focused.isConnected) return;
    const alike = [...place.querySelectorAll(focused.localName)].find((each) => identity(each) === identity(focused));
    focusOn(before?.isConnected ? (alike ?? before) : first());
  };

  const finish = async ({ teFile, teState }) => {
    tell(teState === "completed" || (!teState && teFile) ? "completed" : "failed");
    // Null: never seen running here. False: another tab watches the export, and saves its file.
    lock ??= await claim(pathOf(url));
    if (!lock) return;
    setTimeout(lock, KEEP_LOCK);
    if (teFile) make("a", { href: teFile, download: "" }).click();
  };

  const show = (page, isRequested = false) => {
    const old = status();
    const fresh = page.main.querySelector(STATUS);
    const isSame = old && fresh && pathOf(page.url) === pathOf(url);
    const isNew = isRequested && fresh && !isSame;
    isWatched = isSame ? isWatched : isNew;
    enhance(page.main, page.lang);
    notice();
    keepFocus(() => (isSame ? morph(old, fresh) : replace(page, isRequested)));
    if (hasHistory) document.title = page.title;
    if (isNew) tell("requested");
    announceStatus();
    onShow();
    if (isActive()) {
      if (!watching) watch();
    } else if (fresh) {
      watching = null;
      if (isWatched) finish(status().dataset);
      isWatched = false;
    }
  };

  const watch = async () => {
    const mine = (watching = {});
    const began = performance.now();
    let etag = null;
    let failures = 0;
    let wait = 0;
    isWatched = true;
    for (;;) {
      lock ||= await claim(pathOf(url));
      const gentle = Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, (performance.now() - began) / 10));
      const backoff = failures && Math.min(LONGEST_BACKOFF, 500 * 2 ** failures);
      await pause(Math.max(gentle, wait, backoff) * (document.hidden ? HIDDEN : 1));
      if (watching !== mine) return;
      try {
        const { response, page } = await request(url, { headers: etag && { "If-None-Match": etag } });
        if (watching !== mine) return;
        wait = 1_000 * (Number.parseFloat(response.headers.get("Retry-After")) || 0);
        const isFinal = [401, 403, 404, 410].includes(response.status);
        if (response.status !== 304 && !(page && (response.ok || isFinal))) throw new Error(response.status);
        if (failures) notice();
        failures = 0;
        etag = response.headers.get("ETag");
        if (page) show({ ...page, url });
        if (page && !status()) tell("failed");
      } catch {
        failures += 1;
        if (failures === 1) notice(place.dataset.teOffline ?? UNREACHABLE);
      }
      if (watching !== mine) return;
    }
  };

  /** Send a form and show the response; a form that is sent meanwhile is not sent. */
  const send = async (action, body, isOpening = false) => {
    if (isSending) return;
    isSending = true;
    place.ariaBusy = true;
    try {
      const { response, page } = await request(action, { method: "POST", body });
      if (!page) throw new Error(response.status);
      if (page.main.dataset.tePage === "problem" && !isOpening) notice(...page.main.childNodes);
      else show(page, response.redirected);
    } catch {
      if (isOpening) place.replaceChildren();
      notice(place.dataset.teUnsent ?? UNREACHABLE);
    }
    isSending = false;
    place.ariaBusy = null;
  };

  const resume = () => {
    if (isActive() && !watching) watch();
  };

  orderColumns(place, announce);
  place.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (!form.matches(`[data-te-new], ${STATUS} form`)) return;
    event.preventDefault();
    const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? url;
    send(action, new URLSearchParams(new FormData(form, submitter)));
  });
  if (hasHistory) {
    enhance(place, document.documentElement.lang);
    announced = status()?.dataset.teSays;
    resume();
    addEventListener("popstate", () => {
      const kept = left.get(location.pathname);
      if (location.pathname === pathOf(url)) return;
      if (!kept) return location.reload();
      stop();
      leave(pathOf(url));
      url = location.href;
      place.replaceChildren(...kept);
      resume();
    });
  }
  return { first, isActive, resume, send, status, stop };
}

/** Build the button and the dialog of a <ticket-export>; return what to do when it enters and leaves the document. */
function exportButton(element) {
  const button = make("button", { type: "button", className: "te-button te-export", part: "button" });
  const dialog = make("dialog", { className: "te-dialog", part: "dialog" });
  const place = make("div");
  const find = (selector) => place.querySelector(selector);
  const attribute = (name, otherwise) => element.getAttribute(name) ?? otherwise;
  const root = () => attribute("root", new URL("..", import.meta.url).pathname).replace(/\/$/, "");
  let isUnseen = false; // ended while the dialog was closed
  let asked = null; // the view of the form in the dialog

  /** Show the host's label, or the state of an export that runs, or that ended while the dialog was closed. */
  const label = () => {
    const text = ((isUnseen || pages.isActive()) && pages.status()?.dataset.teShort) || element.textContent.trim();
    if (button.textContent !== text) button.textContent = text;
  };
  const onShow = () => {
    if (!find("[data-te-close]")) {
      const close = make("button", { type: "button", textContent: "×", ariaLabel: "Close" });
      close.dataset.teClose = "";
      place.append(close);
    }
    find("[data-te-close]").hidden = false;
    dialog.ariaLabel = find("h1")?.textContent.trim() ?? element.textContent.trim();
    label();
  };
  const pages = showPages(place, { onShow });

  const ask = async (view) => {
    button.ariaBusy = true;
    asked = view;
    place.dataset.teUnsent ??= attribute("unreachable", UNREACHABLE);
    await pages.send(`${root()}/new`, new URLSearchParams({ view }), true);
    button.ariaBusy = null;
  };
  const open = async () => {
    const view = attribute("view", "{}");
    const isKept = place.dataset.tePage === "new" && view === asked;
    if (button.ariaBusy) return;
    if (!isKept && !isUnseen && !pages.isActive()) await ask(view);
    if (dialog.open || !element.isConnected) return;
    dialog.showModal();
    focusOn(pages.first());
  };

  dialog.append(place);
  button.ariaHasPopup = "dialog";
  button.addEventListener("click", open);
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-te-close]")) dialog.close();
    const link = event.target.closest("a[href]");
    if (!link || pathOf(link.href) !== `${root()}/new`) return;
    // The page itself would not know the view.
    event.preventDefault();
    ask(attribute("view", "{}"));
  });
  dialog.addEventListener("close", () => {
    isUnseen = pages.isActive();
    label();
    button.focus();
  });
  new MutationObserver(label).observe(element, { characterData: true, childList: true, subtree: true });
  return {
    enter() {
      if (!element.shadowRoot) {
        const styles = make("link", { rel: "stylesheet", href: `${root()}/static/ticket-export.css` });
        element.attachShadow({ mode: "open" }).append(styles, button, dialog);
      }
      label();
      pages.resume();
    },
    leave: pages.stop,
  };
}

/**
 * The Export button of a host's own list. It contains a link to *New export*, for browsers without JavaScript; the
 * text of the link becomes the button's label.
 *
 * Attributes: `view`, JSON that is read at each click; `root`, where the API is mounted; `unreachable`, a message.
 * Events: `ticket-export:requested`, `ticket-export:completed`, `ticket-export:failed`, with `detail.url`.
 */
class TicketExport extends HTMLElement {
  #button = exportButton(this);

  /** The view as an object. */
  get view() {
    return JSON.parse(this.getAttribute("view") ?? "{}");
  }

  set view(view) {
    this.setAttribute("view", typeof view === "string" ? view : JSON.stringify(view));
  }

  connectedCallback() {
    if (Object.hasOwn(this, "view")) {
      // Set before this class was defined.
      const { view } = this;
      delete this.view;
      this.view = view;
    }
    this.#button.enter();
  }

  disconnectedCallback() {
    // Not if it was only moved.
    queueMicrotask(() => this.isConnected || this.#button.leave());
  }
}

const main = document.querySelector("main[data-te-page]");
if (main) showPages(main, { hasHistory: true });
if (!customElements.get("ticket-export")) customElements.define("ticket-export", TicketExport);
