/**
 * Ticket exports in the browser: the pages *New export* and *Status*, and the element <ticket-export>.
 *
 * The server renders all texts and states. This module fetches the same pages as a browser without JavaScript, and
 * puts their parts in place. It stores nothing.
 */

const HTML = { Accept: "text/html" };
const PAGE = "[data-te-page]";
const STATUS = "[data-te-status]";
const ROW = "[data-te-column]";
const SHORTEST_WAIT = 150;
const LONGEST_WAIT = 2_000;
const LONGEST_WAIT_AFTER_FAILURES = 30_000;
const HIDDEN_TAB = 4; // times slower
const ANSWER_LIMIT = 60_000;
const BETWEEN_ANNOUNCEMENTS = 5_000;
const KEEP_LOCK = 5_000; // longer than another tab may still see an old state
const SCROLL_EDGE = 48;
const SCROLL_STEP = 10;
const ROOT = new URL("..", import.meta.url).pathname;
// Only for an element that could not fetch any page; the host replaces it by the attribute `unreachable`.
const UNREACHABLE = "The server did not answer as expected. Please try again.";

const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const pathOf = (url) => new URL(url, location.href).pathname;

const trusted = (() => {
  try {
    return globalThis.trustedTypes?.createPolicy("ticket-export", { createHTML: (html) => html });
  } catch {
    return undefined; // The host's policy does not list this name; parsing works unless it requires trusted types.
  }
})();

/** Return the page of a response as nodes, or null if it is not one of ours. Scripts in it never run. */
async function readPage(response) {
  const html = await response.text();
  if (!response.headers.get("Content-Type")?.startsWith("text/html")) return null;
  const parsed = new DOMParser().parseFromString(trusted?.createHTML(html) ?? html, "text/html");
  const main = parsed.querySelector(PAGE);
  const { lang, dir } = parsed.documentElement;
  return main && { main, title: parsed.title, lang, dir, url: response.url };
}

/** Wait; stop early when the tab is shown again or the network is back. */
function pause(time) {
  return new Promise((resolve) => {
    const listening = new AbortController();
    const end = () => {
      clearTimeout(timer);
      listening.abort();
      resolve();
    };
    const timer = setTimeout(end, time);
    addEventListener("online", end, listening);
    document.addEventListener("visibilitychange", () => document.hidden || end(), listening);
  });
}

/** Save a file without leaving the page, whatever the answer is. */
function download(url) {
  make("a", { href: url, download: "" }).click();
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
  if (![...select.options].some((each) => each.value === zone)) {
    select.append(make("option", { value: zone, textContent: zone.replaceAll("_", " ") }));
  }
  if (select.hasAttribute("data-te-zone")) select.value = zone;
}

const identity = (element) =>
  ["id", "name", "href", "action", "type"].map((name) => element.getAttribute?.(name)).join("\n");

/** Change a node into a fresh one with as few changes as possible, so that focus and a pressed button survive. */
function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || identity(old) !== identity(fresh)) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "tabindex" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const children = [...old.childNodes];
  const successors = [...fresh.childNodes];
  successors.forEach((each, place) => (children[place] ? morph(children[place], each) : old.append(each)));
  children.slice(successors.length).forEach((each) => each.remove());
}

function focusOn(element) {
  if (element && element.tabIndex < 0) element.tabIndex = -1;
  element?.focus();
}

/** Orders the columns of *New export* by pointer, keyboard and buttons. */
class ColumnOrder {
  #announce;
  #grabbed = null; // the row that the arrow keys move, and the order before

  constructor(container, announce) {
    this.#announce = announce;
    container.addEventListener("click", (event) => this.#clicked(event));
    container.addEventListener("keydown", (event) => this.#pressed(event));
    container.addEventListener("pointerdown", (event) => this.#drag(event));
    container.addEventListener("focusout", (event) => {
      if (this.#grabbed && !this.#grabbed.row.contains(event.relatedTarget)) this.#drop();
    });
  }

  #clicked(event) {
    const button = event.target.closest("button");
    const row = button?.closest(ROW);
    if (row && ["up", "down"].includes(button.name)) {
      event.preventDefault();
      this.#move(row, button.name === "up" ? -1 : 1);
    } else if (row && button.matches("[data-te-drag]") && event.detail === 0) {
      // A click of the keyboard or of a screen reader; that of a pointer has counted its clicks.
      if (this.#grabbed) this.#drop();
      else this.#grab(row);
    } else if (button?.matches("[data-te-all], [data-te-none]")) {
      for (const box of button.form.querySelectorAll("input[name='columns']")) box.checked = "teAll" in button.dataset;
      button.form.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  #pressed(event) {
    const row = event.target.closest(ROW);
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const grabbed = this.#grabbed?.row === row;
    if (row && step && (event.altKey || grabbed)) {
      event.preventDefault();
      this.#move(row, step);
    } else if (row && grabbed && event.key === "Escape") {
      event.preventDefault();
      this.#arrange(row, this.#grabbed.order);
      this.#drop("teRestored");
    }
  }

  #grab(row) {
    this.#grabbed = { row, order: [...row.parentElement.children] };
    this.#mark(row, true);
    this.#say(row, "teGrabbed");
  }

  #drop(text = "teDropped") {
    const { row } = this.#grabbed;
    this.#grabbed = null;
    this.#mark(row, false);
    this.#say(row, text);
  }

  #mark(row, moves) {
    row.toggleAttribute("data-te-moving", moves);
    row.querySelector("[data-te-drag]")?.setAttribute("aria-pressed", moves);
  }

  #move(row, step) {
    const order = [...row.parentElement.children];
    const place = order.indexOf(row);
    if (order[place + step]) {
      [order[place], order[place + step]] = [order[place + step], row];
      this.#arrange(row, order);
    }
    row.scrollIntoView({ block: "nearest" });
    this.#say(row, "teMoved");
  }

  /** Move the other rows around this one: it stays in the document, and so do its focus and the pointer's capture. */
  #arrange(row, order) {
    const place = order.indexOf(row);
    row.before(...order.slice(0, place));
    row.after(...order.slice(place + 1));
  }

  #drag(event) {
    const handle = event.target.closest("[data-te-drag]");
    const row = handle?.closest(ROW);
    if (!row || event.button !== 0 || !event.isPrimary) return;
    const order = [...row.parentElement.children];
    const scrolled = scrollContainer(row);
    const dragging = new AbortController();
    let pointer = event.clientY;
    const middle = (each) => (each.getBoundingClientRect().top + each.getBoundingClientRect().bottom) / 2;
    const follow = () => {
      while (row.previousElementSibling && pointer < middle(row.previousElementSibling)) {
        row.after(row.previousElementSibling);
      }
      while (row.nextElementSibling && pointer > middle(row.nextElementSibling)) row.before(row.nextElementSibling);
    };
    const scroll = () => {
      if (dragging.signal.aborted) return;
      const box = scrolled.getBoundingClientRect();
      const top = Math.max(0, box.top) + SCROLL_EDGE;
      const bottom = Math.min(innerHeight, box.bottom) - SCROLL_EDGE;
      if (pointer < top || pointer > bottom) {
        scrolled.scrollBy(0, pointer < top ? -SCROLL_STEP : SCROLL_STEP);
        follow();
      }
      requestAnimationFrame(scroll);
    };
    const finish = (text) => {
      if (dragging.signal.aborted) return;
      dragging.abort();
      this.#mark(row, false);
      if (text === "teRestored") this.#arrange(row, order);
      if (row.isConnected) this.#say(row, text);
    };
    const restore = (cause) => {
      if (cause.key && cause.key !== "Escape") return;
      cause.preventDefault();
      finish("teRestored");
    };
    if (this.#grabbed) this.#drop();
    this.#mark(row, true);
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", (move) => follow((pointer = move.clientY)), dragging);
    handle.addEventListener("pointercancel", restore, dragging);
    handle.addEventListener("lostpointercapture", () => finish("teMoved"), dragging);
    addEventListener("keydown", restore, { capture: true, signal: dragging.signal });
    requestAnimationFrame(scroll);
  }

  #say(row, name) {
    const list = row.parentElement;
    const rows = [...list.children];
    const values = {
      label: row.querySelector("label")?.textContent.trim() ?? row.dataset.teColumn,
      place: rows.indexOf(row) + 1,
      count: rows.length,
    };
    this.#announce((list.dataset[name] ?? "").replace(/\{(\w+)\}/g, (all, each) => values[each] ?? all));
  }
}

function scrollContainer(element) {
  for (let each = element.parentElement; each; each = each.parentElement) {
    if (each.scrollHeight > each.clientHeight && /auto|scroll/.test(getComputedStyle(each).overflowY)) return each;
  }
  return document.scrollingElement;
}

/** A place that shows one of the pages: the page's own <main>, or the dialog of <ticket-export>. */
class Panel {
  #place;
  #hasHistory;
  #url = location.href;
  #left = new Map(); // the contents of pages that this one replaced, by path
  #sending = false;
  #watching = null; // changes when another export, or nothing, is watched
  #watched = false; // whether this tab has requested the export, or seen it run
  #lock = null; // a function that releases it
  #announced = "";
  #announcedAt = -BETWEEN_ANNOUNCEMENTS;
  #announcing = 0;

  constructor(place, { hasHistory = false } = {}) {
    this.#place = place;
    this.#hasHistory = hasHistory;
    new ColumnOrder(place, (text) => this.#announce(text));
    place.addEventListener("submit", (event) => {
      if (!event.target.matches(`[data-te-new], ${STATUS} form`)) return;
      event.preventDefault();
      const { target: form, submitter } = event;
      const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? this.#url;
      this.send(action, new URLSearchParams(new FormData(form, submitter)));
    });
    if (hasHistory) addEventListener("popstate", () => this.#goTo(location.href));
  }

  get kind() {
    return this.#place.dataset.tePage;
  }

  get status() {
    return this.#place.querySelector(STATUS);
  }

  get isActive() {
    return this.status?.dataset.teActive === "true";
  }

  /** Where the focus begins on a page: the summary of mistakes, or the heading. */
  get first() {
    return this.#place.querySelector("[data-te-problems]") ?? this.#place.querySelector("h1, h2");
  }

  /** Begin with what the place holds already. */
  start() {
    this.#enhance(this.#place, document.documentElement.lang);
    this.#announced = this.status?.dataset.teSays ?? "";
    this.resume();
  }

  /** Watch the export that the place shows, if it is still active. */
  resume() {
    if (this.isActive) this.#watch();
  }

  /** Watch no longer. */
  stop() {
    this.#watching = null;
    this.#unlock();
  }

  /** Send a form and show the answer; return false if one is being sent. */
  async send(url, fields, { isOpening = false } = {}) {
    if (this.#sending) return false;
    this.#sending = true;
    this.#place.setAttribute("aria-busy", "true");
    try {
      const signal = AbortSignal.timeout(ANSWER_LIMIT);
      const response = await fetch(url, { method: "POST", headers: HTML, body: fields, cache: "no-store", signal });
      const page = await readPage(response);
      if (!page) throw new Error(`unexpected response: ${response.status}`);
      if (page.main.matches("[data-te-page='problem']") && !isOpening) this.#notice(...page.main.childNodes);
      else this.#show(page, { isRequested: response.redirected });
    } catch {
      if (isOpening) this.#place.replaceChildren();
      this.#notice(this.#place.dataset.teUnsent ?? UNREACHABLE);
    } finally {
      this.#sending = false;
      this.#place.removeAttribute("aria-busy");
    }
    return true;
  }

  #enhance(container, language) {
    localizeTimes(container, language);
    offerTimeZone(container);
    for (const each of container.querySelectorAll("[data-te-drag], [data-te-all], [data-te-none]")) each.hidden = false;
    const file = container.querySelector(STATUS)?.dataset.teFile;
    for (const link of container.querySelectorAll("a[href]")) {
      if (file && link.getAttribute("href") === file) link.download = "";
    }
  }

  #show(page, { isRequested = false } = {}) {
    const old = this.status;
    const fresh = page.main.querySelector(STATUS);
    const isSame = old && fresh && pathOf(page.url) === pathOf(this.#url);
    const isNew = isRequested && fresh && !isSame;
    this.#watched = isSame ? this.#watched : Boolean(isNew);
    this.#enhance(page.main, page.lang);
    this.#notice();
    this.#keepFocus(() => {
      if (isSame) morph(old, fresh);
      else this.#replace(page, isRequested);
    });
    if (this.#hasHistory) document.title = page.title;
    if (isNew) this.#tell("requested");
    this.#settle();
  }

  #replace(page, isRequested) {
    this.stop();
    if (this.#hasHistory && isRequested && pathOf(page.url) !== location.pathname) {
      this.#left.set(location.pathname, { nodes: [...this.#place.childNodes], title: document.title });
      history.pushState(null, "", page.url);
    }
    if (!this.#hasHistory) Object.assign(this.#place, { lang: page.lang, dir: page.dir });
    for (const { name, value } of page.main.attributes) {
      if (name === "class" || name.startsWith("data-te-")) this.#place.setAttribute(name, value);
    }
    this.#url = page.url;
    this.#announced = "";
    this.#place.replaceChildren(...page.main.childNodes);
  }

  /** After a step back or forward: put in place what was there; what is not kept is loaded. */
  #goTo(url) {
    if (pathOf(url) === pathOf(this.#url)) return;
    const kept = this.#left.get(pathOf(url));
    if (!kept) {
      location.reload();
      return;
    }
    this.stop();
    this.#left.set(pathOf(this.#url), { nodes: [...this.#place.childNodes], title: document.title });
    this.#url = url;
    document.title = kept.title;
    this.#place.replaceChildren(...kept.nodes);
    this.#place.dataset.tePage = this.status ? "status" : "new";
    this.resume();
  }

  /** Change the contents; keep the focus if it is inside, and never take it from elsewhere. */
  #keepFocus(change) {
    const focused = this.#place.getRootNode().activeElement;
    const isInside = focused && this.#place.contains(focused);
    const status = this.status;
    change();
    if (!isInside || focused.isConnected) return;
    const candidates = [...this.#place.querySelectorAll(focused.localName)];
    const alike = candidates.find((each) => identity(each) === identity(focused));
    focusOn(status?.isConnected ? (alike ?? status) : this.first);
  }

  /** Act on the state that is shown now. */
  #settle() {
    const status = this.status;
    this.#announceStatus();
    this.#tell("shown");
    if (!status) return;
    if (this.isActive) {
      if (!this.#watching) this.#watch();
      return;
    }
    this.#watching = null;
    if (this.#watched) this.#finish(status.dataset);
    this.#watched = false;
  }

  async #finish({ teFile, teState }) {
    const isCompleted = teState ? teState === "completed" : Boolean(teFile);
    this.#tell(isCompleted ? "completed" : "failed");
    // Null: it was never seen running here. False: another tab watches it, and saves the file.
    const release = (this.#lock ??= await this.#claim());
    if (!release) return;
    setTimeout(release, KEEP_LOCK);
    if (teFile) download(new URL(teFile, this.#url).href);
  }

  async #watch() {
    const watching = (this.#watching = {});
    const began = performance.now();
    let etag = null;
    let failures = 0;
    let wait = 0;
    this.#watched = true;
    for (;;) {
      this.#lock ||= await this.#claim();
      const gentle = Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, (performance.now() - began) / 10));
      const afterFailures = failures && Math.min(LONGEST_WAIT_AFTER_FAILURES, 500 * 2 ** failures);
      await pause(Math.max(gentle, wait, afterFailures) * (document.hidden ? HIDDEN_TAB : 1));
      if (this.#watching !== watching) return;
      let page = null;
      try {
        const headers = etag ? { ...HTML, "If-None-Match": etag } : HTML;
        const signal = AbortSignal.timeout(ANSWER_LIMIT);
        const response = await fetch(this.#url, { headers, cache: "no-store", signal });
        page = response.status === 304 ? null : await readPage(response);
        if (this.#watching !== watching) return;
        wait = 1_000 * (Number.parseFloat(response.headers.get("Retry-After")) || 0);
        if (response.status !== 304 && !(page && (response.ok || [401, 403, 404, 410].includes(response.status)))) {
          throw new Error(`unexpected response: ${response.status}`);
        }
        if (failures) this.#notice();
        failures = 0;
        etag = response.headers.get("ETag") ?? etag;
        if (page) this.#show({ ...page, url: this.#url });
        if (page && !this.status) this.#tell("failed");
      } catch {
        failures += 1;
        if (failures === 1) this.#notice(this.#place.dataset.teOffline ?? UNREACHABLE);
      }
      if (this.#watching !== watching) return;
    }
  }

  /** Return a function that releases the lock of this export, or false while another tab holds it. */
  #claim() {
    const name = `ticket-export ${pathOf(this.#url)}`;
    return new Promise((resolve) => {
      if (!navigator.locks) return resolve(() => {});
      return navigator.locks
        .request(name, { ifAvailable: true }, (lock) => lock && new Promise((release) => resolve(release)))
        .then(() => resolve(false), () => resolve(() => {}));
    });
  }

  #unlock() {
    this.#lock?.();
    this.#lock = null;
  }

  #announceStatus() {
    const says = this.status?.dataset.teSays;
    const isSoon = performance.now() - this.#announcedAt < BETWEEN_ANNOUNCEMENTS;
    if (!says || says === this.#announced || (this.isActive && isSoon)) return;
    this.#announced = says;
    this.#announcedAt = performance.now();
    this.#announce(says);
  }

  /** Put a text into the live region; a moment later, because a new region is not read at once. */
  #announce(text) {
    const region = this.#place.querySelector("[data-te-announce]");
    if (!region) return;
    clearTimeout(this.#announcing);
    region.textContent = "";
    this.#announcing = setTimeout(() => (region.textContent = text), 100);
  }

  /** Show a message above the contents; without one, remove it. */
  #notice(...contents) {
    this.#place.querySelector("[data-te-notice]")?.remove();
    if (!contents.length) return;
    const notice = make("div", { className: "te-notice", role: "alert" }, ...contents);
    notice.dataset.teNotice = "";
    this.#place.prepend(notice);
    notice.scrollIntoView({ block: "nearest" });
    this.#tell("shown");
  }

  #tell(name) {
    const detail = { url: this.#url };
    const isOwn = name === "shown"; // Only for the element around this place.
    const event = new CustomEvent(`ticket-export:${name}`, { bubbles: !isOwn, composed: !isOwn, detail });
    this.#place.dispatchEvent(event);
  }
}

/**
 * The Export button of a host's own list: <ticket-export view='{"columns": […], "filters": […]}'>…</ticket-export>.
 *
 * Its contents are a link to *New export* for browsers without JavaScript; their text becomes the button's label.
 * Attributes: `view`, read at each click; `root`, where the API is mounted; `unreachable`, the message when no page can
 * be fetched. Events: `ticket-export:requested`, `ticket-export:completed`, `ticket-export:failed`.
 */
class TicketExport extends HTMLElement {
  #button = make("button", { type: "button", className: "te-export", ariaHasPopup: "dialog" });
  #place = make("div");
  #dialog = make("dialog", { className: "te-dialog" }, this.#place);
  #panel = new Panel(this.#place);
  #isUnseen = false; // ended while the dialog was closed
  #asked = null; // the view of the form in the dialog

  constructor() {
    super();
    this.#button.part = "button";
    this.#dialog.part = "dialog";
    this.#button.addEventListener("click", () => this.#open());
    this.#dialog.addEventListener("click", (event) => this.#clicked(event));
    this.#dialog.addEventListener("close", () => this.#closed());
    this.#place.addEventListener("ticket-export:shown", () => this.#shown());
    new MutationObserver(() => this.#label()).observe(this, { characterData: true, childList: true, subtree: true });
  }

  /** The view as an object; the attribute holds it as JSON. */
  get view() {
    return JSON.parse(this.getAttribute("view") ?? "null");
  }

  set view(view) {
    this.setAttribute("view", typeof view === "string" ? view : JSON.stringify(view));
  }

  get #root() {
    return (this.getAttribute("root") ?? ROOT).replace(/\/$/, "");
  }

  connectedCallback() {
    if (Object.hasOwn(this, "view")) {
      // Set before the element was defined.
      const { view } = this;
      delete this.view;
      this.view = view;
    }
    if (!this.shadowRoot) {
      const styles = make("link", { rel: "stylesheet", href: `${this.#root}/static/ticket-export.css` });
      this.attachShadow({ mode: "open" }).append(styles, this.#button, this.#dialog);
    }
    this.#label();
    this.#panel.resume();
  }

  disconnectedCallback() {
    // Not if it was only moved.
    queueMicrotask(() => this.isConnected || this.#panel.stop());
  }

  async #open() {
    const view = this.getAttribute("view") ?? "{}";
    const isKept = this.#panel.kind === "new" && view === this.#asked;
    if (!isKept && !this.#panel.isActive && !this.#isUnseen && !(await this.#ask(view))) return;
    if (this.#dialog.open || !this.isConnected) return;
    this.#dialog.showModal();
    if (!isKept) focusOn(this.#panel.first);
  }

  async #ask(view) {
    this.#button.ariaBusy = "true";
    this.#place.dataset.teUnsent ??= this.getAttribute("unreachable") ?? UNREACHABLE;
    const isSent = await this.#panel.send(`${this.#root}/new`, new URLSearchParams({ view }), { isOpening: true });
    this.#button.ariaBusy = null;
    this.#asked = view;
    return isSent;
  }

  #clicked(event) {
    if (event.target.closest("[data-te-close]")) this.#dialog.close();
    const link = event.target.closest("a[href]");
    if (link && pathOf(link.href) === pathOf(`${this.#root}/new`)) {
      // The page would not know the view.
      event.preventDefault();
      this.#ask(this.getAttribute("view") ?? "{}");
    }
  }

  #closed() {
    if (!this.#panel.isActive) this.#isUnseen = false;
    this.#label();
    this.#button.focus();
  }

  #shown() {
    const close = [...this.#place.querySelectorAll("[data-te-close]")];
    if (!close.length) {
      close.push(make("button", { type: "button", textContent: "×", ariaLabel: "Close" }));
      close[0].dataset.teClose = "";
      this.#place.append(...close);
    }
    for (const each of close) each.hidden = false;
    this.#dialog.ariaLabel = this.#place.querySelector("h1, h2")?.textContent.trim() ?? this.#button.textContent;
    if (this.#panel.isActive) this.#isUnseen = true;
    this.#label();
  }

  /** Show the host's label, or the state of an export that still runs or has not been looked at since it ended. */
  #label() {
    const short = (this.#panel.isActive || this.#isUnseen) && this.#panel.status?.dataset.teShort;
    const label = short || this.textContent.trim();
    if (this.#button.textContent !== label) this.#button.textContent = label;
  }
}

const main = document.querySelector(`main${PAGE}`);
if (main) new Panel(main, { hasHistory: true }).start();
if (!customElements.get("ticket-export")) customElements.define("ticket-export", TicketExport);
