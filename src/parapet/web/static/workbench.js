/* Parapet workbench: live values and keys. Every page works without this file; nothing here writes to the server.
   Values change in place; order and membership wait for the reader. Keys follow links and put the cursor into fields. */
(() => {
  "use strict";
  const root = document.documentElement, body = document.body, $ = (id) => document.getElementById(id);
  const all = (from, wanted) => [...from.querySelectorAll(wanted)], one = (wanted) => document.querySelector(wanted);
  const clock = () => performance.now(), on = (target, name, then) => target.addEventListener(name, then);
  const mark = (node, name, value) => { if (value) node.dataset[name] = value; else delete node.dataset[name]; };
  const FIELDS = "input:not([type=hidden]), textarea, select";
  const STALE_MS = 10000, REFRESH_MS = 15000, GAP_MS = 900, SETTLE_MS = 1500, POLL_MS = 1800, POLLS = 30, MUTE_MS = 3000;
  const chip = one(".live"), reload = $("reload"), news = $("news"), stale = $("stale");
  const heading = document.title, jitter = (ms) => ms * (0.75 + Math.random() / 2);

  /* What was heard, and how old it is. */
  let fresh = null, revision = "", heardAt = clock(), loadedAt = heardAt, asOf = chip?.dataset.asOf, freshAt = asOf;
  let isStale = false, loading = false, again = false, unseen = false, signedOut = false, spoken = false;

  function tell(word, rest, tone, icon) {
    chip.dataset.tone = tone;
    chip.querySelector("use").setAttribute("href", "#i-" + icon);
    chip.querySelector("b").textContent = word;
    chip.querySelector("span").textContent = rest;
  }

  function show() {
    if (isStale) tell("Stale", `since ${asOf}`, "stale", "stale");
    else if (unseen && frozen()) tell("Paused", `as of ${asOf}`, "none", "clock");
    else if (!spoken) tell("Joining", `as of ${asOf}`, "none", "clock"); // nobody answered yet
    else tell("Live", `as of ${asOf}`, "good", "live");
  }

  function heard() {
    heardAt = clock();
    spoken = true;
    if (isStale) setStale(false);
    else show();
  }

  function setStale(now) {
    isStale = now;
    mark(root, "signal", now && "stale");
    if (now) $("stale-words").textContent = signedOut ? stale.dataset.out : `${stale.dataset.since} ${freshAt}.`;
    stale.hidden = !now;
    switchWrites();
    show();
  }

  /* Buttons that write are off while nobody knows whether the page is true; the banner says why. */
  function switchWrites() {
    for (const button of all(document, "form[method=post] button:not([type=button])")) {
      if (isStale ? button.disabled : !button.dataset.off) continue;
      button.disabled = isStale;
      mark(button, "off", isStale && "stale");
      if (isStale) button.setAttribute("aria-describedby", "stale-words"); else button.removeAttribute("aria-describedby");
    }
  }

  /* The reader's hands come first. */
  const ticks = (field) => field.matches("[type=checkbox], [type=radio]") ? "checked" : "value";
  const changed = (field) => ticks(field) === "checked" ? field.checked !== field.defaultChecked : field.tagName === "SELECT" ? [...field.options].some((each) => each.selected !== each.defaultSelected)
      && field.selectedIndex > 0 : field.value !== field.defaultValue;
  const main = () => $("main");
  const typed = () => all(main(), FIELDS).filter(changed);

  function frozen() {
    const chosen = getSelection(), at = document.activeElement;
    return (chosen && !chosen.isCollapsed && main().contains(chosen.anchorNode))
      || main().contains(at?.closest(FIELDS)) || typed().length > 0
      || Boolean(one("dialog[open], [popover]:popover-open"));
  }

  async function ask(address, headers) {
    const answer = await fetch(address, { headers, cache: "no-store" });
    signedOut = answer.status === 401 || answer.redirected;
    if (signedOut || !answer.ok) throw new Error();
    return answer;
  }

  /* News: fetch the page again, put values in place, count what waits. */
  async function load() {
    if (loading) { again = true; return; }
    loading = true;
    try {
      const answer = await ask(reload.href, { "parapet-live": "1" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = page.querySelector(".live")?.dataset.asOf;
      if (!made) return; // another page
      fresh = page;
      unseen = true;
      freshAt = made;
      loadedAt = clock();
      heard();
      settle();
    } catch {
      if (signedOut) setStale(true);
    } finally {
      loading = false;
      if (again) { again = false; setTimeout(load, jitter(GAP_MS)); }
    }
  }

  function settle() {
    if (unseen && !frozen()) {
      unseen = false;
      asOf = freshAt;
      merge();
    }
    show();
  }

  /* What stands in *old* becomes what stands in *now*, unless something would have to move for it. */
  function swap(old, now) {
    if (old.innerHTML !== now.innerHTML) {
      if (old !== document.activeElement && old.contains(document.activeElement)) return true;
      const height = old.offsetHeight, width = old.offsetWidth, kept = [...old.childNodes];
      old.replaceChildren(...now.cloneNode(true).childNodes);
      if (old.offsetHeight > height + 0.5 || (old.matches(".count") && old.offsetWidth > width + 0.5)) {
        old.replaceChildren(...kept);
        return false;
      }
      if (old.offsetHeight < height - 0.5) old.style.minBlockSize = `${height}px`;
      if (old.matches(".count")) old.style.minInlineSize = `${width}px`;
    }
    mark(old, "tone", now.dataset.tone);
    return true;
  }

  const rows = (list) => new Map(all(list, "[data-row]").map((row) => [row.dataset.row, row]));

  function merge() {
    let added = 0, gone = 0, waiting = 0, more = false;
    const slots = new Map(all(fresh, "[data-live]").map((slot) => [slot.dataset.live, slot]));
    for (const slot of all(document, "[data-live]")) {
      const now = slots.get(slot.dataset.live);
      waiting += now && !swap(slot, now) ? 1 : 0;
    }
    for (const list of all(main(), "[data-list]")) {
      const other = fresh.querySelector(`[data-list="${list.dataset.list}"]`);
      const cut = other?.hasAttribute("data-more"); // the first page of many: what is not on it need not be gone
      const grows = cut || "grow" in list.dataset; // nothing leaves a chronology
      more ||= cut;
      const mine = rows(list), theirs = other ? rows(other) : new Map();
      for (const [key, row] of mine) {
        const now = theirs.get(key), left = !now && !grows;
        row.classList.toggle("gone", left);
        gone += left;
        if (!now) continue;
        if (row.children.length !== now.children.length) waiting += 1;
        else [...row.children].forEach((cell, place) => { waiting += !swap(cell, now.children[place]); });
      }
      for (const key of theirs.keys()) if (!mine.has(key)) added += 1;
    }
    const words = [added && `${added}${more ? "+" : ""} new`, gone && `${gone} gone`].filter(Boolean).join(", ");
    announce(words || (waiting ? "Something changed" : ""), added + gone);
  }

  function announce(words, count) {
    const said = $("news-words");
    if (said.textContent !== words) said.textContent = words;
    news.hidden = !words;
    document.title = (count ? `(${count}) ` : "") + heading;
  }

  /* On command: the page as it is now. What was typed stays, what was unfolded, the place, and where the keys are. */
  function apply() {
    if (!fresh) { location.assign(reload.href); return; }
    const key = (field) => `${field.form?.getAttribute("action")} ${field.name} ${field.type === "radio" ? field.value : ""}`;
    const like = (each) => all(main(), each.localName).find((other) => other.textContent === each.textContent);
    const kept = new Map(typed().map((field) => [key(field), field[ticks(field)]]));
    const at = document.activeElement, keys = at === news || main().contains(at), here = one(".here")?.dataset.row;
    const unfolded = all(main(), "details[open] > summary");
    main().replaceWith(fresh.getElementById("main").cloneNode(true));
    for (const field of all(main(), FIELDS)) if (kept.has(key(field))) field[ticks(field)] = kept.get(key(field));
    for (const summary of unfolded) like(summary)?.parentElement.setAttribute("open", "");
    if (keys) {
      main().tabIndex = -1;
      (at !== news && (at.id ? $(at.id) : like(at)) || main()).focus({ preventScroll: true });
    }
    rows(main()).get(here)?.classList.add("here");
    announce("", 0);
    unseen = false;
    asOf = freshAt;
    switchWrites();
    show();
  }

  /* The stream, or asking again and again where there is none. */
  let stream = null, failures = 0, polling = false, polls = 0, timer = 0;

  function moved(to) {
    heard();
    if (to === revision) return;
    const first = revision === "";
    revision = to;
    setTimeout(load, first ? jitter(300) : Math.random() * 200);
    if (!first) setTimeout(load, jitter(SETTLE_MS)); // what was written in the same moment may be seen only now
  }

  function connect() {
    if (document.hidden || signedOut) return;
    if (polling) { poll(); return; }
    let spoke = false;
    const mine = stream = new EventSource(`${reload.dataset.live}?at=${encodeURIComponent(revision)}`);
    setTimeout(() => { // a server speaks at once: somebody between holds its words back
      if (spoke || stream !== mine || mine.readyState === EventSource.CLOSED) return;
      mine.close();
      polling = true;
      later(0);
    }, MUTE_MS);
    const told = (name, then) => on(mine, name, (event) => { spoke = true; failures = 0; then(event.data); });
    told("revision", moved);
    told("beat", heard);
    told("away", () => setStale(true));
    told("bye", () => { mine.close(); later(100); });
    on(mine, "error", () => {
      const refused = mine.readyState === EventSource.CLOSED;
      mine.close();
      failures += 1;
      if (refused || (!spoke && failures > 1)) polling = true;
      later(spoke ? 100 : 250 * 2 ** Math.min(failures, 6));
    });
  }

  async function poll() {
    try {
      const answer = await ask(reload.dataset.live, { accept: "application/json" });
      failures = 0;
      moved((await answer.json()).revision);
      if (++polls >= POLLS) { polls = 0; polling = false; } // perhaps it was only a server that started anew
    } catch {
      if (signedOut) { setStale(true); return; }
      failures += 1;
    }
    later(POLL_MS * 2 ** Math.min(failures, 3));
  }

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(connect, jitter(ms));
  }

  function begin() {
    connect();
    setInterval(() => {
      if (document.hidden) return;
      const now = clock();
      if (!isStale && now - heardAt > STALE_MS) setStale(true);
      if (now - loadedAt > REFRESH_MS && !isStale) { loadedAt = now; load(); }
      settle();
    }, 1000);
    on(document, "visibilitychange", () => {
      clearTimeout(timer);
      stream?.close();
      if (document.hidden) return;
      heardAt = clock();
      failures = 0;
      signedOut = false;
      connect();
      load();
    });
    on(news, "click", apply);
    show();
  }

  /* Keys. */
  const QUEUE = "parapet-queue", KEYS = "parapet-keys";
  const store = (name, value) => {
    try { // storage may be forbidden
      const kind = name === KEYS ? localStorage : sessionStorage;
      return value ? kind.setItem(name, value) : kind.getItem(name);
    } catch { return null; }
  };

  function step(by) {
    const list = all(main(), "[data-row]").filter((row) => row.getClientRects().length);
    if (!list.length) return;
    const at = list.findIndex((row) => row.classList.contains("here"));
    const row = list.at(at < 0 && by < 0 ? -1 : Math.max(0, at + by)) ?? list.at(-1);
    list[at]?.classList.remove("here");
    row.classList.add("here");
    const link = row.querySelector("a[href]");
    if (!link) row.tabIndex = -1;
    (link || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function beside(by) {
    const list = JSON.parse(store(QUEUE) || "[]"), at = list.indexOf(location.pathname);
    if (at >= 0 && list[at + by]) location.assign(list[at + by]);
  }

  async function copy() {
    const row = one("main .here[id]"), address = new URL(reload.href);
    address.hash = row ? row.id : location.hash;
    try {
      await navigator.clipboard.writeText(address.href);
    } catch { // only where the page is not served over TLS
      const field = Object.assign(document.createElement("textarea"), { value: address.href });
      const at = document.activeElement;
      body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      at?.focus({ preventScroll: true });
    }
    $("copied").hidden = false;
    setTimeout(() => { $("copied").hidden = true; }, 2500);
  }

  /* A key leads to a place; it presses nothing that writes. */
  function lead(key) {
    const target = all(document, "[data-key]").find((each) => each.dataset.key === key && each.getClientRects().length);
    if (!target) return false;
    if (target.matches(FIELDS)) { target.focus(); target.select?.(); }
    else if (target.matches("a[href]")) target.click();
    else target.focus();
    return true;
  }

  const HELP = $("keys"), MOVES = { j: () => step(1), k: () => step(-1), "[": () => beside(-1), "]": () => beside(1), c: copy, ".": apply };

  function pressed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const at = event.target;
    if (at.matches?.(FIELDS + ", [contenteditable]")) {
      if (event.key === "Escape") at.blur();
      return;
    }
    if (store(KEYS) === "off" && event.key !== "?") return;
    if (event.key === "?") { HELP.togglePopover(); event.preventDefault(); return; }
    if (HELP.matches(":popover-open")) return;
    if (event.key === "Enter" && (at === body || at === main())) { one("main .here a[href]")?.click(); return; }
    if (MOVES[event.key]) MOVES[event.key]();
    else if (event.key.length > 1 || !lead(event.key)) return;
    event.preventDefault();
  }

  if (HELP) {
    on(document, "keydown", pressed);
    on(document, "click", (event) => { if (event.target.closest?.("[data-copy]")) copy(); });
    const links = all(document, ".queue [data-row] a.title").map((link) => new URL(link.href).pathname);
    if (links.length) store(QUEUE, JSON.stringify(links));
    const keys = $("keys-on");
    keys.checked = store(KEYS) !== "off";
    on(keys, "change", () => store(KEYS, keys.checked ? "on" : "off"));
  }
  if (chip && reload?.dataset.live) begin();
})();
