// Which action a key means. Nothing while an input method composes; digits and letters are text inside text fields.

const COMPOSING = 229; // what some input methods report instead of isComposing
const ALWAYS = { F2: "dial", F4: "hangUp", F6: "agreeCallback", F7: "openComplaint" };

export function actionOf(event, phase) {
  if (event.isComposing || event.keyCode === COMPOSING || event.altKey || event.metaKey) return null;
  if (document.querySelector("dialog[open]")) return null;
  if (event.ctrlKey) return event.key === "Enter" ? { name: "submit" } : null;
  if (event.key in ALWAYS && !event.repeat) return { name: ALWAYS[event.key] };
  const field = event.target.closest("textarea, select, input:not([type=checkbox])");
  if (field) return inField(event, field, phase);
  if (phase === "wrapup") return /^[a-z1-9]$/i.test(event.key) ? { name: "pressInWrapUp", with: event.key.toUpperCase() } : null;
  if (event.key === "Enter") return event.target.closest("button, a, summary") ? null : { name: phase === "none" ? "claim" : "next" };
  if (phase === "none") return null;
  if (event.key === "Backspace") return { name: "back" };
  return /^[0-9-]$/.test(event.key) ? { name: "press", with: event.key } : null;
}

function inField(event, field, phase) {
  if (event.key === "Escape") return { name: "leaveField" };
  const isAnswer = field.closest(".reading") !== null;
  return event.key === "Enter" && !event.shiftKey && isAnswer && phase !== "none" ? { name: "next" } : null;
}
