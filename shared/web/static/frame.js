// What every page has: business time, the services' state, the keyboard map, and panels of other services.
import { isTyping } from "./keys.js";
import { followPresence } from "./presence.js";

const ASK_SECONDS = 30;
const FIELDS = { timeZone: "Asia/Shanghai", hour12: false, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };

function startClock(place) {
  const shown = new Intl.DateTimeFormat("zh-CN", FIELDS);
  const began = Date.parse(place.dateTime);
  const rate = Number(place.dataset.rate);
  const opened = performance.now();
  const tick = () => {
    const parts = Object.fromEntries(shown.formatToParts(began + (performance.now() - opened) * rate).map((part) => [part.type, part.value]));
    place.textContent = `${parts.month}-${parts.day} ${parts.hour}:${parts.minute}`;
  };
  setInterval(tick, 1000);
}

// --- 服务状态: asked while the page is seen, not by every hidden tab

async function askOne(row) {
  const word = row.querySelector(".word");
  try {
    const answer = await fetch(row.dataset.readyz, { headers: { Accept: "application/json" }, cache: "no-store" });
    row.dataset.state = answer.ok ? "ready" : "not-ready";
    word.textContent = answer.ok ? "正常" : answer.status === 502 ? "没有运行" : "未就绪";
  } catch {
    row.dataset.state = "unreachable";
    word.textContent = "连不上";
  }
  return row.dataset.state;
}

function watchServices(place) {
  const rows = [...place.querySelectorAll("[data-readyz]")];
  const word = place.querySelector("#status-word");
  const ask = async () => {
    if (document.hidden) return;
    const states = await Promise.all(rows.map(askOne));
    const wrong = rows.filter((row) => row.dataset.state !== "ready");
    place.dataset.state = wrong.length ? "wrong" : "ready";
    if (states.every((state) => state === "unreachable")) word.textContent = "网络断开";
    else if (wrong.length === 1) word.textContent = `${wrong[0].querySelector("span").textContent}异常`;
    else word.textContent = wrong.length ? `${wrong.length} 个服务异常` : "服务正常";
  };
  ask();
  setInterval(ask, ASK_SECONDS * 1000);
  document.addEventListener("visibilitychange", ask);
}

// --- 快捷键: `?` shows what the page's keys are; a dialog gives the focus back by itself

function showKeysOn(dialog) {
  const show = () => dialog.open || dialog.showModal();
  document.getElementById("show-keys")?.addEventListener("click", show);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
    event.preventDefault();
    show();
  });
}

// --- panels of other services: one that can't be had says so in its own place

function tellMissing(event) {
  const panel = event.target.closest?.("[data-panel]");
  const status = event.detail.xhr?.status ?? 0;
  if (!panel) return;
  panel.classList.add("missing");
  const text = document.createElement("p");
  text.className = "hint";
  text.textContent = { 401: "登录已失效，请重新登录。", 403: `您没有查看「${panel.dataset.panel}」的权限。` }[status]
    ?? `「${panel.dataset.panel}」暂时打不开，其余部分可照常使用。`;
  const again = document.createElement("button");
  again.type = "button";
  again.className = "plain";
  again.textContent = status === 401 ? "去登录" : "重试";
  again.addEventListener("click", () => (status === 401 ? location.reload() : window.htmx.ajax("GET", panel.getAttribute("hx-get"), { target: panel, source: panel })));
  panel.replaceChildren(text, ...(status === 403 ? [] : [again]));
}

const clock = document.getElementById("clock");
if (clock) startClock(clock);
const services = document.getElementById("status");
if (services) watchServices(services);
const presence = document.getElementById("presence");
if (presence) followPresence(presence);
showKeysOn(document.getElementById("keys"));
for (const trouble of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(trouble, tellMissing);
document.addEventListener("htmx:beforeSwap", (event) => event.target.classList?.remove("missing"));
