// Requests to this service by a relative address and, through the front door, to others. Never throws: a dead network is an answer too.

export { onceKey } from "../once.js";

const SECONDS = 15;
const SECONDS_OF_FORM = 90; // a photograph on a slow network
const BASE = JSON.parse(document.getElementById("desk-data").textContent).base;

export async function call(method, url, body, headers = {}) {
  const isForm = body instanceof FormData;
  const seconds = isForm ? SECONDS_OF_FORM : SECONDS;
  const options = { method, headers: { Accept: "application/json", ...headers }, signal: AbortSignal.timeout(seconds * 1000) };
  if (body !== undefined) options.body = isForm ? body : JSON.stringify(body);
  if (body !== undefined && !isForm) options.headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(url.startsWith("/") ? url : `${BASE}/${url}`, options);
    const told = await answer.json().catch(() => ({}));
    const version = (answer.headers.get("ETag") || "").replace(/\D/g, "");
    return { ok: answer.ok, status: answer.status, body: told, version: version ? Number(version) : null, dead: DOWN.includes(answer.status) };
  } catch {
    return { ok: false, status: 0, body: {}, version: null, dead: true };
  }
}

const DOWN = [502, 503, 504]; // the front door answers for a service that is not there

// What a problem says to a person (RFC 9457).
export function told(answer) {
  if (answer.dead) return "连不上服务器，请稍后再试。";
  if (answer.status === 401) return "登录已失效。填写的内容保存在本机，请重新登录后继续。";
  return [answer.body.title, answer.body.detail].filter(Boolean).join("：") || `服务器没有接受（${answer.status}）。`;
}

// Whether the answer is this problem, by its machine name.
export const isProblem = (answer, code) => `${answer.body.type || ""}`.endsWith(`:${code}`);
