// The operators' page: dead letters of one kind in a dialog, replayed as they are or mended, or discarded with a remark.
const dialog = document.getElementById("letters");
const content = document.getElementById("letters-content");
const trouble = document.getElementById("letters-error");

async function show(address) {
  content.dataset.address = address;
  trouble.textContent = "";
  try {
    const answer = await fetch(address, { cache: "no-store" });
    if (answer.ok) content.innerHTML = await answer.text();
    else trouble.textContent = answer.status === 401 ? "登录已失效，请重新登录。" : "这个服务的死信暂时打不开。";
  } catch {
    trouble.textContent = "网络断开，请稍后再试。";
  }
  if (!dialog.open) dialog.showModal();
}

async function settle(letter, action) {
  const form = letter.querySelector("form");
  const said = form.querySelector("[role=alert]");
  const body = { note: form.elements.note.value.trim() };
  if (action === "discard" && !body.note) {
    said.textContent = "请写明丢弃的原因。";
    form.elements.note.focus();
    return;
  }
  if (action === "replay" && form.elements.data.value.trim()) {
    try {
      body.data = JSON.parse(form.elements.data.value);
    } catch (error) {
      said.textContent = `更正后的数据不是 JSON：${error.message}`;
      form.elements.data.focus();
      return;
    }
  }
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  try {
    const answer = await fetch(`${letter.dataset.letter}/${action}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) {
      await show(content.dataset.address);
      window.htmx.trigger(`[data-service="${letter.dataset.letter.split("/api/")[0]}"]`, "load");
      content.querySelector("input, h2")?.focus();
      return;
    }
    const problem = await answer.json();
    said.textContent = `${problem.title}${problem.detail ? `：${problem.detail}` : ""}`;
  } catch {
    said.textContent = "网络断开，没有处理，请稍后再试。";
  }
  for (const button of form.querySelectorAll("button")) button.disabled = false;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-letters]");
  if (opener) show(opener.dataset.letters);
  const action = event.target.closest("[data-do]");
  if (action) settle(action.closest("[data-letter]"), action.dataset.do);
});
// Enter in the remark would send the form to this page
document.addEventListener("submit", (event) => event.target.closest("[data-letter]") && event.preventDefault());
