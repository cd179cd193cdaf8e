
"use strict";
// The daemon draws the page; this asks for it again and again, sooner when something happens, and puts in what differs.
const EVERY_MS = 1000, SOON_MS = 250, STALE_MS = 3000;
const banner = document.getElementById("stale");
let heardAt = Date.now(), timer = 0, busy = false, again = false;

function renew(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const now = [...old.childNodes], next = [...fresh.childNodes];
  next.forEach((child, at) => at < now.length ? renew(now[at], child) : old.append(child));
  now.slice(next.length).forEach((child) => child.remove());
}

async function ask() {
  if (busy) { again = true; return; }
  clearTimeout(timer);
  busy = true;
  const began = Date.now();
  try {
    const reply = await fetch("/", { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (!reply.ok) throw new Error(reply.status);
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    renew(document.getElementById("live"), fresh.getElementById("live"));
    document.title = fresh.title;
    heardAt = Date.now();
  } catch {
    // the banner says for how long there was no news
  }
  busy = false;
  later(again ? SOON_MS : Math.max(EVERY_MS, 3 * (Date.now() - began)));
  again = false;
  mark();
}

function later(wait) {
  clearTimeout(timer);
  timer = setTimeout(ask, wait);
}

function mark() {
  const silent = Date.now() - heardAt;
  const stale = silent > STALE_MS;
  document.documentElement.classList.toggle("stale", stale);
  banner.hidden = !stale;
  if (stale) banner.textContent = `No news for ${Math.round(silent / 1000)} s: what is shown below may be wrong by now.`;
}

new EventSource("/api/events").onmessage = () => { if (!busy) later(SOON_MS); else again = true; };
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
setInterval(mark, 500);
later(EVERY_MS);
