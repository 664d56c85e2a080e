/* Parapet workbench: live values and keys. Every page works without this file; nothing here writes to the server.
   Values change in place; order and membership wait for the reader. No key runs an action: keys follow links and put
   the cursor into fields. */
(() => {
  "use strict";
  const root = document.documentElement, body = document.body, $ = (id) => document.getElementById(id);
  const all = (from, wanted) => [...from.querySelectorAll(wanted)];
  const FIELDS = "input:not([type=hidden]), textarea, select";
  const STALE_MS = 10000, REFRESH_MS = 15000, GAP_MS = 900, SETTLE_MS = 1500, POLL_MS = 1800, POLLS = 30, MUTE_MS = 3000;
  const chip = document.querySelector(".live"), reload = $("reload"), news = $("news"), stale = $("stale");
  const heading = document.title, jitter = (ms) => ms * (0.75 + Math.random() / 2);

  /* ── what was heard, and how old it is ── */
  let fresh = null, revision = "", heardAt = performance.now(), asOf = chip?.dataset.asOf, isStale = false;
  let loading = false, again = false, unseen = false, freshAt = asOf, loadedAt = performance.now(), signedOut = false;

  function tell(word, rest, tone, icon) {
    chip.dataset.tone = tone;
    chip.querySelector("use").setAttribute("href", "#i-" + icon);
    chip.querySelector("b").textContent = word;
    chip.querySelector("span").textContent = rest;
  }

  function show() {
    if (isStale) tell("Stale", `since ${asOf}`, "stale", "stale");
    else if (unseen && frozen()) tell("Paused", `as of ${asOf}`, "none", "clock");
    else tell("Live", `as of ${asOf}`, "good", "live");
  }

  function heard() {
    heardAt = performance.now();
    if (isStale) setStale(false);
  }

  function setStale(now) {
    isStale = now;
    if (now) root.dataset.signal = "stale"; else delete root.dataset.signal;
    if (now) $("stale-words").textContent = signedOut ? stale.dataset.out : `${stale.dataset.since} ${freshAt}.`;
    stale.hidden = !now;
    switchWrites();
    show();
  }

  /* Buttons that write are off while nobody knows whether the page is true; the banner says why. */
  function switchWrites() {
    for (const button of all(document, "form[method=post] button:not([type=button])")) {
      if (isStale && !button.disabled) {
        button.disabled = true;
        button.dataset.off = "stale";
        button.setAttribute("aria-describedby", "stale-words");
      } else if (!isStale && button.dataset.off) {
        button.disabled = false;
        delete button.dataset.off;
        button.removeAttribute("aria-describedby");
      }
    }
  }

  /* ── the reader's hands come first ── */
  const changed = (field) => field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
    : field.tagName === "SELECT" ? [...field.options].some((one) => one.selected !== one.defaultSelected)
      && field.selectedIndex > 0 : field.value !== field.defaultValue;
  const main = () => $("main");
  const typed = () => all(main(), FIELDS).filter(changed);

  function frozen() {
    const chosen = getSelection(), at = document.activeElement;
    return (chosen && !chosen.isCollapsed && main().contains(chosen.anchorNode))
      || (at && at.matches(FIELDS) && main().contains(at)) || typed().length > 0
      || Boolean(document.querySelector("dialog[open], [popover]:popover-open"));
  }

  /* ── news: fetch the page again, put values in place, count what waits ── */
  async function load() {
    if (loading) { again = true; return; }
    loading = true;
    try {
      const answer = await fetch(reload.href, { headers: { "parapet-live": "1" }, cache: "no-store" });
      signedOut = answer.status === 401 || answer.redirected;
      if (!answer.ok || answer.redirected) throw new Error("no page");
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const made = page.querySelector(".live")?.dataset.asOf;
      if (!made) throw new Error("another page");
      fresh = page;
      unseen = true;
      freshAt = made;
      loadedAt = performance.now();
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
      old.replaceChildren(...[...now.childNodes].map((node) => document.importNode(node, true)));
      if (old.offsetHeight > height + 0.5 || (old.matches(".count") && old.offsetWidth > width + 0.5)) {
        old.replaceChildren(...kept);
        return false;
      }
      if (old.offsetHeight < height - 0.5) old.style.minBlockSize = `${height}px`;
      if (old.matches(".count")) old.style.minInlineSize = `${width}px`;
    }
    if (now.dataset.tone !== old.dataset.tone) {
      if (now.dataset.tone) old.dataset.tone = now.dataset.tone; else delete old.dataset.tone;
    }
    return true;
  }

  const rows = (list) => new Map(all(list, "[data-row]").map((row) => [row.dataset.row, row]));

  function merge() {
    let added = 0, gone = 0, waiting = 0, more = false;
    const slots = new Map(all(fresh, "[data-live]").map((slot) => [slot.dataset.live, slot]));
    for (const slot of all(document, "[data-live]")) {
      const now = slots.get(slot.dataset.live);
      if (now && !swap(slot, now)) waiting += 1;
    }
    for (const list of all(main(), "[data-list]")) {
      const other = fresh.querySelector(`[data-list="${list.dataset.list}"]`);
      const cut = other?.hasAttribute("data-more"); // the first page of many: what is not on it need not be gone
      const grows = cut || "grow" in list.dataset; // nothing leaves a chronology; a long one shows both its ends
      more ||= cut;
      const mine = rows(list), theirs = other ? rows(other) : new Map();
      for (const [key, row] of mine) {
        const now = theirs.get(key);
        row.classList.toggle("gone", !now && !grows);
        if (!now) { if (!grows) gone += 1; continue; }
        if (row.children.length === now.children.length) {
          [...row.children].forEach((cell, place) => { if (!swap(cell, now.children[place])) waiting += 1; });
        } else waiting += 1;
      }
      for (const key of theirs.keys()) if (!mine.has(key)) added += 1;
    }
    const words = [added && `${added}${more ? "+" : ""} new`, gone && `${gone} gone`, !added && !gone && waiting && "Something changed"];
    announce(words.filter(Boolean).join(", "), added + gone);
  }

  function announce(words, count) {
    const said = $("news-words");
    if (said.textContent !== words) said.textContent = words;
    news.hidden = !words;
    document.title = (count ? `(${count}) ` : "") + heading;
  }

  /* On command: the page as it is now. What was typed stays, and so does the place. */
  function apply() {
    if (!fresh) { location.assign(reload.href); return; }
    const key = (field) => `${field.form?.getAttribute("action")} ${field.name} ${field.type === "radio" ? field.value : ""}`;
    const kept = new Map(typed().map((field) => [key(field), field.type === "checkbox" || field.type === "radio"
      ? field.checked : field.value]));
    const focused = document.activeElement?.id, here = document.querySelector(".here")?.dataset.row;
    main().replaceWith(document.importNode(fresh.getElementById("main"), true));
    for (const field of all(main(), FIELDS)) {
      if (!kept.has(key(field))) continue;
      if (typeof kept.get(key(field)) === "boolean") field.checked = kept.get(key(field));
      else field.value = kept.get(key(field));
    }
    if (focused) $(focused)?.focus({ preventScroll: true });
    if (here) all(main(), "[data-row]").find((row) => row.dataset.row === here)?.classList.add("here");
    announce("", 0);
    unseen = false;
    asOf = freshAt;
    switchWrites();
    show();
  }

  /* ── the stream, or asking again and again where there is none ── */
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
    const on = (name, then) => stream.addEventListener(name, (event) => { spoke = true; failures = 0; then(event.data); });
    on("revision", moved);
    on("beat", heard);
    on("away", () => setStale(true));
    on("bye", () => { stream.close(); later(100); });
    stream.addEventListener("error", () => {
      const refused = stream.readyState === EventSource.CLOSED;
      stream.close();
      failures += 1;
      if (refused || (!spoke && failures > 1)) polling = true;
      later(spoke ? 100 : 250 * 2 ** Math.min(failures, 6));
    });
  }

  async function poll() {
    try {
      const answer = await fetch(reload.dataset.live, { headers: { accept: "application/json" }, cache: "no-store" });
      if (answer.status === 401 || answer.redirected) { signedOut = true; setStale(true); return; }
      if (!answer.ok) throw new Error("no answer");
      failures = 0;
      moved((await answer.json()).revision);
      polls += 1;
      if (polls >= POLLS) { polls = 0; polling = false; } // perhaps it was only a server that started anew
    } catch { failures += 1; }
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
      const now = performance.now();
      if (!isStale && now - heardAt > STALE_MS) setStale(true);
      if (now - loadedAt > REFRESH_MS && !isStale) { loadedAt = now; load(); }
      settle();
    }, 1000);
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      stream?.close();
      if (document.hidden) return;
      heardAt = performance.now();
      failures = 0;
      signedOut = false;
      connect();
      load();
    });
    news.addEventListener("click", apply);
    show();
  }

  /* ── keys ── */
  const store = (kind, name, value) => { // storage may be forbidden
    try { return value === undefined ? kind().getItem(name) : kind().setItem(name, value); } catch { return null; }
  };
  const session = () => sessionStorage, local = () => localStorage;
  const QUEUE = "parapet-queue", KEYS = "parapet-keys";

  function step(by) {
    const list = all(main(), "[data-row]").filter((row) => row.getClientRects().length);
    if (!list.length) return;
    const at = list.findIndex((row) => row.classList.contains("here"));
    const row = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))];
    list[at]?.classList.remove("here");
    row.classList.add("here");
    const link = row.querySelector("a[href]");
    if (!link) row.tabIndex = -1;
    (link || row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function beside(by) {
    const list = JSON.parse(store(session, QUEUE) || "[]"), at = list.indexOf(location.pathname);
    if (at >= 0 && list[at + by]) location.assign(list[at + by]);
  }

  async function copy() {
    const row = document.querySelector("main .here[id]"), address = new URL(reload.href);
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

  /* A key leads to a place; it never presses what would write. */
  function lead(key) {
    const target = all(document, "[data-key]").find((one) => one.dataset.key === key && one.getClientRects().length);
    if (!target) return false;
    if (target.matches(FIELDS)) { target.focus(); target.select?.(); }
    else if (target.matches("a[href]")) target.click();
    else target.focus();
    return true;
  }

  const HELP = $("keys"), MOVES = { j: () => step(1), k: () => step(-1), "[": () => beside(-1), "]": () => beside(1), c: copy };

  function pressed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const at = event.target;
    if (at.matches?.(FIELDS + ", [contenteditable]")) {
      if (event.key === "Escape") at.blur();
      return;
    }
    if (store(local, KEYS) === "off" && event.key !== "?") return;
    if (event.key === "?") { HELP.togglePopover(); event.preventDefault(); return; }
    if (HELP.matches(":popover-open")) return;
    if (event.key === ".") { apply(); event.preventDefault(); return; }
    if (event.key === "Enter" && at === body) { document.querySelector("main .here a[href]")?.click(); return; }
    if (MOVES[event.key]) { MOVES[event.key](); event.preventDefault(); return; }
    if (event.key.length === 1 && lead(event.key)) event.preventDefault();
  }

  if (HELP) {
    document.addEventListener("keydown", pressed);
    document.addEventListener("click", (event) => { if (event.target.closest?.("[data-copy]")) copy(); });
    const links = all(document, ".queue [data-row] a.title").map((link) => new URL(link.href).pathname);
    if (links.length) store(session, QUEUE, JSON.stringify(links));
    const keys = $("keys-on");
    keys.checked = store(local, KEYS) !== "off";
    keys.addEventListener("change", () => store(local, KEYS, keys.checked ? "on" : "off"));
  }
  if (chip && reload?.dataset.live) begin();
})();
