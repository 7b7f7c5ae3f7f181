// Nothing typed is lost: kept in this browser at once, on the server within two seconds, in order once the network is back.

import { call, isProblem, onceKey, told } from "./api.js";
import { answerText, clock } from "./wording.js";

const EVERY = 2000;
const RENEW_EVERY = 240; // seconds, while the agent is active; a claim lasts longer
const LOST = [404, 409];
const KEPT = [
  ...["person", "answers", "note", "result", "language", "callbackAt", "mine", "corrected", "complaint", "refusal"],
  ...["signer", "unsignedReason"], // of visits on site
  ...["active", "startedAt", "endedAt", "phase", "dirty", "version", "key"],
];
const TOO_MANY = 429;
// it was the server's fault, and the same may be taken the next time
const failed = (answer) => answer.status >= 500 || answer.status === TOO_MANY;

export const saving = {
  dirty: false,
  saving: false,
  savedAt: "",
  offline: false,
  waiting: 0,
  stored: [], // the questions to which the platform may have an answer
  conflict: null,
  lost: null,

  startSaving() {
    this.waiting = this.kept.outbox.length;
    setInterval(() => this.tick(), EVERY);
    window.addEventListener("online", () => this.tick());
    window.addEventListener("offline", () => (this.offline = true));
    window.addEventListener("pagehide", () => this.keep());
    for (const type of ["keydown", "pointerdown"]) document.addEventListener(type, () => (this.activeAt = Date.now()), true);
  },
  async tick() {
    if (this.kept.outbox.length) await this.sendWaiting();
    if (this.dirty) await this.save();
    else if (this.sheet && Date.now() - this.renewedAt > RENEW_EVERY * 1000 && this.activeAt > this.renewedAt) await this.renew();
    else if (this.offline && navigator.onLine) this.noteNetwork(await call("GET", "livez"));
  },
  get waitingText() {
    return `（${this.waiting} 份小结待提交）`;
  },
  get savedText() {
    if (this.offline && this.dirty) return "已存本机，待联网";
    if (this.dirty || this.saving) return "正在保存…";
    return this.savedAt ? `已保存 ${this.savedAt}` : "";
  },
  changed() {
    this.dirty = true;
    this.keep();
  },
  keep() {
    if (!this.sheet) return;
    const draft = Object.fromEntries(KEPT.map((name) => [name, this[name]]));
    this.kept.keepDraft(this.sheet.id, draft);
  },
  blurred(event) {
    if (event.target.matches("textarea, input")) this.saveSoon();
  },
  saveSoon() {
    if (this.dirty) this.save();
  },
  async save() {
    if (this.saving || this.conflict || this.lost || !this.sheet || !this.sheet.has_script) return;
    const [visit, answers] = [this.sheet.id, this.answers];
    this.noteStored(answers);
    this.saving = true;
    const answer = await call("PUT", `api/v1/visits/${visit}/answers`, { answers }, { "If-Match": `"${this.version}"` });
    this.saving = false;
    if (!this.sheet || this.sheet.id !== visit) return;
    if (this.noteNetwork(answer)) return;
    if (answer.ok) {
      this.version = answer.version;
      this.dirty = this.answers !== answers;
      this.savedAt = clock(new Date());
      this.renewedAt = Date.now();
      this.keep();
    } else if (answer.status === 412) await this.showConflict();
    else if (LOST.includes(answer.status)) this.loseVisit(answer);
    else if (!failed(answer)) {
      this.dirty = false; // as it stands the server will not take it; the next change is another try
      for (const fault of answer.body.errors || []) if (fault.question) this.errors[fault.question] = fault.message;
      this.say(told(answer), "bad");
    }
  },
  noteStored(answers) {
    this.stored = [...new Set([...this.stored, ...Object.keys(answers)])];
  },
  async renew() {
    this.renewedAt = Date.now();
    const answer = await call("POST", `api/v1/visits/${this.sheet.id}/refresh-lease`);
    if (LOST.includes(answer.status)) this.loseVisit(answer);
  },
  noteNetwork(answer) {
    this.offline = answer.dead;
    return answer.dead;
  },

  // Results that could not be sent, oldest first. One that is refused is told; one at which the server failed is tried again;
  // neither holds up the others. More may join meanwhile, also from another window.
  async sendWaiting() {
    if (this.sendingWaiting) return;
    this.sendingWaiting = true;
    for (const result of this.kept.outbox) {
      const answer = await this.deliver(result);
      if (this.noteNetwork(answer) || answer.status === 401) break;
      if (failed(answer)) continue;
      this.kept.outbox = this.kept.outbox.filter((other) => other.key !== result.key);
      if (!answer.ok) this.say(`${result.name}的小结没有被接受：${told(answer)}`, "bad");
      else this.kept.dropDraft(result.visit);
    }
    this.waiting = this.kept.outbox.length;
    this.sendingWaiting = false;
    if (!this.waiting) this.refreshQueue();
  },
  // A result with the pictures that go with it, which arrive before it. A claim that ran out on the way is made anew.
  async deliver(result) {
    const answer = await this.sendWhole(result);
    if (!isProblem(answer, "not-claimed")) return answer;
    const claimed = await call("POST", `api/v1/visits/${result.visit}/claim`, { companion: result.companion || "" });
    return claimed.ok ? this.sendWhole(result) : answer;
  },
  async sendWhole(result) {
    const refused = await this.pictures.send(result.visit);
    if (refused) return refused;
    const answer = await call("POST", result.url, result.body, { "Idempotency-Key": result.key });
    if (answer.ok) await this.pictures.drop(result.visit);
    else if (isProblem(answer, "signature-missing")) await this.pictures.sendAgain(result.visit);
    return answer;
  },
  keepForLater(result) {
    this.kept.outbox = [...this.kept.outbox, result];
    this.waiting = this.kept.outbox.length;
  },

  async showConflict() {
    const answer = await call("GET", `agent/visits/${this.sheet.id}`);
    if (this.noteNetwork(answer)) return;
    if (!answer.ok) {
      this.loseVisit(answer);
      return;
    }
    this.offerVersions(answer);
  },
  offerVersions(answer) {
    this.sheet = answer.body;
    this.stored = Object.keys(answer.body.answers);
    this.conflict = { theirs: answer.body.answers, version: answer.version };
    this.open("conflict");
  },
  get conflictMine() {
    return this.lines(this.answers);
  },
  get conflictTheirs() {
    return this.conflict ? this.lines(this.conflict.theirs) : [];
  },
  lines(answers) {
    const known = this.sheet ? this.sheet.questions.filter((question) => answers[question.id] !== undefined) : [];
    return known.length ? known.map((question) => `${question.title}：${answerText(question, answers[question.id])}`) : ["还没有答案"];
  },
  keepMine() {
    this.version = this.conflict.version;
    this.settle(this.answers, true);
  },
  takeTheirs() {
    this.version = this.conflict.version;
    this.settle(this.conflict.theirs, false);
  },
  settle(answers, dirty) {
    this.conflict = null;
    this.closeDialogs();
    const asked = new Set(this.sheet.questions.map((question) => question.id));
    this.answers = Object.fromEntries(Object.entries(answers).filter(([id]) => asked.has(id)));
    this.dirty = dirty;
    this.resumeAt(this.active);
    this.keep();
  },

  loseVisit(answer) {
    this.lost = { title: answer.body.detail || answer.body.title || "该单已不在您手上", lines: this.lines(this.answers) };
    if (this.note) this.lost.lines.push(`备注：${this.note}`);
    this.dirty = false;
    this.refreshQueue();
    this.focusSoon(() => this.$refs.lost);
  },
  get lostTitle() {
    return this.lost ? this.lost.title : "";
  },
  get lostLines() {
    return this.lost ? this.lost.lines : [];
  },
  signOut() {
    if (this.lost) this.leaveLost();
    this.kept.forgetBut(this.sheet ? this.sheet.id : "");
    this.pictures.forgetNeedless();
  },
  leaveLost() {
    this.kept.dropDraft(this.sheet.id);
    this.lost = null;
    this.putAway();
  },
  newKey: onceKey,
};
