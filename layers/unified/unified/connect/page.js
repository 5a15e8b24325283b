"use strict";
(() => {
  const body = document.body, texts = body.dataset, find = (id) => document.getElementById(id);
  const framed = window.parent !== window;
  // The application's own window, if there is one; it is spoken to at its exact origin alone.
  const other = (texts.origin && (window.opener || (framed ? window.parent : null))) || null;
  const tell = (message) => other && other.postMessage(message, texts.origin);

  if (texts.said) tell(JSON.parse(texts.said));
  if (framed) {
    document.documentElement.className = "framed";
    const card = document.querySelector(".card");
    new ResizeObserver(() => tell({ type: "unified.connect.height", height: Math.ceil(card.offsetHeight) })).observe(card);
  }
  const leave = find("leave");
  if (leave && other) {
    if (find("leaving")) find("leaving").hidden = false;
    leave.addEventListener("click", (event) => {
      tell(JSON.parse(texts.closed));
      // In a frame the application takes the page away itself.
      if (framed) event.preventDefault();
      else if (!leave.href) window.close();
    });
  }
  const back = find("return");
  if (back && "soon" in back.dataset && !framed) setTimeout(() => location.replace(back.href), 3000);
  if (texts.close && !framed) setTimeout(() => window.close(), 1500);

  // Look from time to time whether the link was used elsewhere, and say so then; until then this page stays as it is.
  let waiting = 0;
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname);
      if (answer.status !== 410 && answer.status !== 404) return;
    } catch {
      return;
    }
    const language = new URLSearchParams(location.search).get("lang");
    location.replace(`${location.pathname}?done=1${language ? `&lang=${encodeURIComponent(language)}` : ""}`);
  };
  const wait = (milliseconds, times) => {
    clearInterval(waiting);
    waiting = setInterval(() => (times-- > 0 ? look() : clearInterval(waiting)), milliseconds);
  };
  if ("wait" in texts) wait(2000, 30);

  // What was pressed is sent once: a second press while the answer is on its way would find the link used.
  const sent = new Set();
  const send = (form) => {
    const button = form.querySelector("button[name=action]"), label = button.textContent;
    const again = () => {
      sent.delete(again);
      form.removeAttribute("aria-busy");
      button.disabled = false;
      button.textContent = label;
    };
    sent.add(again);
    form.setAttribute("aria-busy", "true");
    // Not before it is sent: what is disabled is not sent along.
    setTimeout(() => {
      if (!sent.has(again)) return;
      button.disabled = true;
      button.textContent = texts.sending;
    });
    return again;
  };
  window.addEventListener("pageshow", () => sent.forEach((again) => again()));
  for (const form of document.forms) {
    if (form.id === "key-form") continue;
    form.addEventListener("submit", (event) => {
      if (form.hasAttribute("aria-busy")) {
        event.preventDefault();
        return;
      }
      const again = send(form);
      if (form.target) setTimeout(again, 3000);
    });
  }

  // In a frame the provider's page needs a window of its own; when the link is used there, say here how it ended.
  const oauth = find("oauth");
  if (oauth && framed) {
    oauth.target = "_blank";
    oauth.addEventListener("submit", () => wait(4000, 225));
    window.addEventListener("focus", () => waiting && look());
    document.addEventListener("visibilitychange", () => waiting && look());
  }

  const form = find("key-form");
  if (!form) return;
  const key = find("key"), status = find("key-status"), reveal = find("reveal");
  const anyway = find("anyway"), change = find("switch");
  let checked = null, pending = 0, running = null;

  reveal.hidden = false;
  reveal.addEventListener("click", () => {
    const shown = key.type === "text";
    key.type = shown ? "password" : "text";
    reveal.textContent = shown ? texts.show : texts.hide;
    reveal.setAttribute("aria-pressed", String(!shown));
    key.focus();
  });

  const say = (text, kind) => {
    status.className = `status ${kind}`;
    status.textContent = text;
  };
  const choose = (box, needed) => {
    box.closest(".choice").hidden = !needed;
    if (!needed) box.checked = false;
  };
  const show = (found) => {
    say(found.message, found.status !== "valid" ? "bad" : found.missing.length || found.another ? "warn" : "good");
    key.setAttribute("aria-invalid", String(["malformed", "encoded", "refused"].includes(found.status)));
    choose(anyway, found.status === "valid" && found.missing.length > 0);
    choose(change, found.status === "valid" && found.another);
    const missing = new Set(found.missing.map((one) => one.permission));
    for (const state of document.querySelectorAll("[data-permission]")) {
      const known = found.status === "valid" && found.scopesKnown;
      const lacks = missing.has(state.dataset.permission);
      state.className = known || lacks ? `state ${lacks ? "missing" : "granted"}` : "state";
      state.textContent = known || lacks ? (lacks ? texts.missing : texts.granted) : "";
    }
  };
  const check = async () => {
    const value = key.value.trim();
    if (running) running.abort();
    checked = null;
    if (!value) {
      say("", "");
      return null;
    }
    const mine = (running = new AbortController());
    say(texts.checking, "");
    try {
      const answer = await fetch(form.dataset.check, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ formToken: form.elements.formToken.value, key: value }),
        signal: mine.signal,
      });
      const found = await answer.json();
      if (!found.message) throw new TypeError("no answer of the page's own");
      if (mine !== running) return null;
      checked = { value, found };
      show(found);
      return found;
    } catch (failed) {
      if (failed.name !== "AbortError") say(texts.offline, "bad");
      return null;
    }
  };
  key.addEventListener("input", () => {
    clearTimeout(pending);
    pending = setTimeout(check, 400);
  });
  // Back from the provider's tab, where what was missing may have been ticked.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && checked && checked.found.missing.length && !form.hasAttribute("aria-busy")) check();
  });
  form.addEventListener("submit", async (event) => {
    clearTimeout(pending);
    if (form.hasAttribute("aria-busy")) {
      event.preventDefault();
      return;
    }
    // What was agreed to when the form was sent; a tick that comes while the key is checked is for the next time.
    const agreed = { anyway: anyway.checked, change: change.checked };
    const ready = (found) =>
      found && found.status === "valid" && (!found.missing.length || agreed.anyway) && (!found.another || agreed.change);
    const again = send(form);
    if (checked && checked.value === key.value.trim() && ready(checked.found)) return;
    // The key stays in its field, for another try, until it can be connected.
    event.preventDefault();
    if (ready(await check())) form.submit();
    else {
      again();
      key.focus();
    }
  });
})();
