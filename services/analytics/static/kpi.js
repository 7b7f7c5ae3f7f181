// The KPI page asks for its figures again when they have changed. What somebody opened, typed, selected or has the focus on stays
// as it is: only the text of what has changed is replaced.
import { offerColumns } from "/static/columns.js";
import { followChanges } from "/static/live.js";
import { drawCharts, fitCharts } from "./charts.js";

const stale = document.getElementById("stale");
let asking = null; // the answer on its way
let asked = false; // something changed since it was asked for

function draw() {
  const block = document.getElementById("chart-data");
  if (block) drawCharts(JSON.parse(block.textContent));
}

function begin() {
  document.querySelectorAll("table[data-columns]").forEach(offerColumns);
  draw();
}

function take(page) {
  const [shown, told] = [document, page].map((each) => each.getElementById("figures"));
  const changesKind = shown.dataset.shown !== told.dataset.shown; // from nothing to figures, or back
  if (changesKind) {
    shown.replaceWith(document.importNode(told, true));
    begin();
  }
  let redraws = false;
  for (const place of document.querySelectorAll("[data-live]")) {
    const now = page.getElementById(place.id);
    if (!now || now.innerHTML === place.innerHTML) continue;
    place.replaceChildren(...document.importNode(now, true).childNodes);
    redraws ||= place.id === "chart-data";
  }
  if (redraws) draw();
}

async function ask() {
  let answer;
  try {
    answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    return "连接不上，数字没有更新。网络恢复后自动更新。";
  }
  if (answer.redirected || answer.status === 401) return "登录已失效，数字不再更新。请重新登录。";
  if (!answer.ok) return "服务暂时没有回答，数字没有更新。稍后自动再试。";
  take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  return "";
}

// one at a time: what changes meanwhile is asked for after it
async function refresh() {
  if (asking) {
    asked = true;
    return;
  }
  asking = ask();
  const trouble = await asking;
  asking = null;
  if (stale.textContent !== trouble) stale.textContent = trouble;
  if (asked) {
    asked = false;
    refresh();
  }
}

document.getElementById("print").addEventListener("click", () => window.print());
window.addEventListener("resize", fitCharts);
window.addEventListener("beforeprint", fitCharts);
begin();
followChanges(`${location.pathname.replace(/\/$/, "")}/live`, { figures: refresh });
