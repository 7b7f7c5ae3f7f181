// Photographs and signatures, kept in this browser until the server has them (IndexedDB: they are too large for the drafts).

import { call, told } from "./api.js";

const DATABASE = "huifang";
const STORE = "pictures";
const REFUSED = [409, 413, 422]; // of one picture: the others go on
const NOT_OURS = ["not-claimed", "claimed-by-other", "visit-finished"];

export class KeptPictures {
  constructor(agent) {
    this.agent = agent;
    this.sending = Promise.resolve();
  }

  // Those of a visit, first to last: {key, agent, visit, kind, blob, sent: the server's id or "", fault}.
  async of(visit) {
    const all = await this.all();
    return all.filter((one) => one.agent === this.agent && one.visit === visit);
  }

  // none where the browser keeps nothing, as in a private window: results without pictures still leave
  all() {
    return this.run("readonly", (store) => store.getAll()).catch(() => []);
  }

  async add(visit, kind, blob) {
    const added = { agent: this.agent, visit, kind, blob, sent: "", fault: "" };
    added.key = await this.run("readwrite", (store) => store.add(added));
    return added;
  }

  async keep(picture) {
    await this.run("readwrite", (store) => store.put(picture));
  }

  // one that was taken away meanwhile stays away, here and there
  async mark(picture, changes) {
    const all = await this.of(picture.visit);
    if (all.some((one) => one.key === picture.key)) await this.keep({ ...picture, ...changes });
    else if (changes.sent) call("DELETE", `api/v1/visits/${picture.visit}/attachments/${changes.sent}`);
  }

  async remove(key) {
    await this.run("readwrite", (store) => store.delete(key));
  }

  async drop(visit) {
    for (const one of await this.of(visit)) await this.remove(one.key);
  }

  async sendAgain(visit) {
    for (const one of await this.of(visit)) await this.keep({ ...one, sent: "" });
  }

  // Sends what the server does not have yet, one after the other; the answer that keeps the rest back, or null.
  send(visit) {
    const turn = this.sending.then(() => this.sendInOrder(visit));
    this.sending = turn.catch(() => null);
    return turn;
  }

  async sendInOrder(visit) {
    for (const one of await this.of(visit)) {
      if (one.sent || one.fault) continue;
      const form = new FormData();
      form.append("kind", one.kind);
      form.append("file", one.blob, one.kind);
      const answer = await call("POST", `api/v1/visits/${visit}/attachments`, form);
      if (answer.ok) await this.mark(one, { sent: answer.body.id });
      else if (isOfThePicture(answer)) await this.mark(one, { fault: told(answer) });
      else return answer;
    }
    return null;
  }

  // What belongs to no draft and no waiting result, of any agent at this device, is not kept.
  async forgetNeedless() {
    const all = await this.all();
    for (const one of all) if (!isNeeded(one)) await this.remove(one.key);
  }

  async run(mode, ask) {
    const database = await this.open();
    return new Promise((resolve, reject) => {
      const change = database.transaction(STORE, mode);
      const asked = ask(change.objectStore(STORE));
      change.oncomplete = () => resolve(asked.result);
      change.onerror = change.onabort = () => reject(change.error);
    });
  }

  open() {
    this.opened ||= new Promise((resolve, reject) => {
      const asked = indexedDB.open(DATABASE, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "key", autoIncrement: true });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
    return this.opened;
  }
}

function isOfThePicture(answer) {
  return REFUSED.includes(answer.status) && !NOT_OURS.some((code) => `${answer.body.type}`.endsWith(`:${code}`));
}

function isNeeded({ agent, visit }) {
  const waiting = JSON.parse(localStorage.getItem(`huifang/${agent}/outbox`) || "[]");
  return localStorage.getItem(`huifang/${agent}/draft/${visit}`) !== null || waiting.some((result) => result.visit === visit);
}

const LARGEST = 2000; // points: what the server keeps is no larger
const SMALL = 160;

// A photograph as it is sent: smaller, upright, and without what the camera wrote into it. Throws for what is no picture.
export async function shrunk(file) {
  return drawn(await createImageBitmap(file), LARGEST, (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85)));
}

// An address of a small copy, to be shown.
export async function thumbnail(blob) {
  return drawn(await createImageBitmap(blob), SMALL, (canvas) => canvas.toDataURL("image/png"));
}

function drawn(bitmap, largest, use) {
  const scale = Math.min(1, largest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return use(canvas);
}
