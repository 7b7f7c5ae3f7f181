// What came with visits: pictures one by one in a dialog, recordings, and replies that somebody decides about.
import { onceKey } from "./once.js";

const list = document.getElementById("list");
const viewer = document.getElementById("viewer");
const picture = document.getElementById("viewer-picture");
const part = (name) => document.getElementById(`viewer-${name}`);

// --- pictures: each is fetched when it is opened, which the service notes in the audit log

let shown = null; // the tile whose picture is open

function open(tile) {
  shown = tile;
  part("error").textContent = "";
  part("title").textContent = picture.alt = tile.dataset.title;
  picture.src = part("save").href = tile.dataset.picture;
  part("save").download = tile.dataset.filename;
  part("before").disabled = !beside(-1);
  part("after").disabled = !beside(1);
  if (!viewer.open) viewer.showModal();
}

function beside(step) {
  const tiles = [...list.querySelectorAll("[data-picture]")];
  return tiles[tiles.indexOf(shown) + step];
}

function turn(step) {
  const tile = beside(step);
  if (tile) open(tile);
}

picture.addEventListener("error", () => {
  if (viewer.open) part("error").textContent = "这张图暂时打不开，请稍后再试；登录已失效的请重新登录。";
});
part("before").addEventListener("click", () => turn(-1));
part("after").addEventListener("click", () => turn(1));
viewer.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") turn(-1);
  if (event.key === "ArrowRight") turn(1);
});
viewer.addEventListener("close", () => {
  picture.removeAttribute("src");
  shown?.focus();
});

// --- what changes anything goes through the API

async function post(address, body, headers = {}) {
  try {
    const answer = await fetch(address, { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });
    const told = await answer.json().catch(() => ({}));
    const trouble = answer.status === 401 ? "登录已失效，请重新登录。" : [told.title, told.detail].filter(Boolean).join("：") || `服务器没有接受（${answer.status}）。`;
    return { ok: answer.ok, told, trouble };
  } catch {
    return { ok: false, told: {}, trouble: "网络断开，没有处理，请稍后再试。" };
  }
}

// the address of a recording is given by the click that asks for it; a link is what the browser lets somebody open then
async function listen(button) {
  button.disabled = true;
  const answer = await post(button.dataset.recording);
  const place = button.parentElement;
  button.disabled = false;
  place.querySelector(".error")?.remove();
  const told = document.createElement(answer.ok ? "a" : "span");
  told.textContent = answer.ok ? "在新窗口打开录音" : answer.trouble;
  if (answer.ok) Object.assign(told, { href: answer.told.url, target: "_blank", rel: "noopener noreferrer" });
  else Object.assign(told, { className: "error", role: "alert" });
  if (answer.ok) place.replaceChildren(told);
  else place.append(told);
  if (answer.ok) told.focus();
}

async function settle(form) {
  const said = form.querySelector("[role=alert]");
  const chosen = form.elements.as.value;
  said.textContent = chosen ? "" : "请先选一项。";
  if (!chosen) {
    form.querySelector("[name=as]").focus();
    return;
  }
  const remark = form.elements.remark.value.trim();
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  const trouble = (await refuseMessages(form, chosen, remark)) || (await decide(form, chosen, remark));
  button.disabled = false;
  said.textContent = trouble;
  if (!trouble) {
    window.htmx.trigger(document.body, "refresh");
    list.focus();
  }
}

async function decide(form, chosen, remark) {
  if (form.dataset.decision) {
    const answer = await post(form.dataset.decision, { refuses: chosen === "refusal", remark });
    return answer.ok ? "" : answer.trouble;
  }
  const meant = { refusal: { refuses: true }, nothing: {} }[chosen] ?? { visit_id: chosen };
  const answer = await post(form.dataset.reply, { ...meant, remark });
  return answer.ok ? "" : answer.trouble;
}

// first, and under one key: tried again after a failure it is not noted twice
async function refuseMessages(form, chosen, remark) {
  if (chosen !== "refusal" || !form.elements.no_messages?.checked) return "";
  if (!list.dataset.notifications) return "请从统一入口（前门地址）打开本页，才能登记不再发短信；或取消勾选。";
  form.dataset.key ||= onceKey();
  const body = { customer_id: form.dataset.customer, channel: "sms", scope: "all", note: remark || "客户短信回复拒访" };
  const answer = await post(`${list.dataset.notifications}/api/v1/opt-outs`, body, { "Idempotency-Key": form.dataset.key });
  return answer.ok ? "" : `没有登记不再发短信：${answer.trouble}`;
}

list?.addEventListener("click", (event) => {
  const tile = event.target.closest("[data-picture]");
  const recording = event.target.closest("[data-recording]");
  if (tile) open(tile);
  if (recording) listen(recording);
});
list?.addEventListener("change", (event) => {
  const also = event.target.form?.querySelector("[data-with-refusal]");
  if (also && event.target.name === "as") also.hidden = event.target.value !== "refusal";
});
list?.addEventListener("submit", (event) => {
  event.preventDefault();
  settle(event.target);
});
