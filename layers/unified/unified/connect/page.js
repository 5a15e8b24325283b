"use strict";
(() => {
  const body = document.body, texts = body.dataset, find = (id) => document.getElementById(id);
  // Tell the application, at its exact origin, how it ended.
  if (texts.origin && texts.said) {
    const other = window.opener || (window.parent !== window ? window.parent : null);
    if (other) other.postMessage(JSON.parse(texts.said), texts.origin);
  }
  const back = find("return");
  if (back && "soon" in back.dataset) setTimeout(() => location.replace(back.href), 3000);
  if (texts.close) setTimeout(() => window.close(), 1500);

  // In a frame the provider's page needs a window of its own; when the person is back, look how it ended.
  const oauth = find("oauth");
  if (oauth && window.parent !== window) {
    oauth.target = "_blank";
    oauth.addEventListener("submit", () => {
      const look = () => document.hidden || location.replace(`${location.pathname}?done=1`);
      window.addEventListener("focus", look);
      document.addEventListener("visibilitychange", look);
    });
  }

  const form = find("key-form");
  if (!form) return;
  const key = find("key"), status = find("key-status"), reveal = find("reveal");
  const anyway = find("anyway"), other = find("switch");
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
    key.setAttribute("aria-invalid", String(found.status === "malformed" || found.status === "refused"));
    choose(anyway, found.status === "valid" && found.missing.length > 0);
    choose(other, found.status === "valid" && found.another);
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
  form.addEventListener("submit", async (event) => {
    clearTimeout(pending);
    // What was agreed to when the form was sent; a tick that comes while the key is checked is for the next time.
    const agreed = { anyway: anyway.checked, other: other.checked };
    const ready = (found) =>
      found && found.status === "valid" && (!found.missing.length || agreed.anyway) && (!found.another || agreed.other);
    if (checked && checked.value === key.value.trim() && ready(checked.found)) return;
    // The key stays in its field, for another try, until it can be connected.
    event.preventDefault();
    if (ready(await check())) form.submit();
    else key.focus();
  });
})();
