// Whether a key press is text for a field or for an input method, and so no shortcut.
export function isTyping(event) {
  if (event.isComposing || event.keyCode === 229) return true; // 229: some input methods tell nothing else
  const field = event.target;
  if (field.isContentEditable || field.tagName === "TEXTAREA" || field.tagName === "SELECT") return true;
  return field.tagName === "INPUT" && !["button", "checkbox", "radio", "submit", "reset", "range", "color", "file"].includes(field.type);
}
