// The call: claim, dial, talk, hang up.

import { call, told } from "./api.js";
import { isAnswered } from "./conditions.js";
import { duration } from "./wording.js";

export const calling = {
  phase: "none", // none → ready → talking → wrapup
  startedAt: 0,
  endedAt: 0,
  now: Date.now(),
  number: "",
  busy: false,
  line: null,
  timed: false, // whether the server keeps the time of this call
  changes: [],
  companion: "", // who comes along to visits on site, for as long as the page is open
  companionFor: "", // the visit that was refused without one
  idleTitle: "准备好了就领取下一单",
  idleText: "系统按到点回呼、优先级、时限的顺序给出最该打的一单，同一位客户不会同时分给两个人。",

  get idle() {
    return this.phase === "none" || Boolean(this.lost);
  },
  get isIdle() {
    return this.phase === "none";
  },
  get isWrapUp() {
    return this.phase === "wrapup" && !this.lost;
  },
  get claimBlocked() {
    return this.busy || this.phase !== "none";
  },
  get cannotDial() {
    return this.phase !== "ready" || this.busy || Boolean(this.lost);
  },
  get cannotHangUp() {
    return this.phase !== "talking" || Boolean(this.lost);
  },
  get talkSeconds() {
    if (!this.startedAt) return 0;
    return Math.max(0, Math.round(((this.endedAt || this.now) - this.startedAt) / 1000));
  },
  get timerText() {
    return duration(this.talkSeconds);
  },
  get callText() {
    if (this.phase === "talking" && this.line) return { placed: "拨号中", ringing: "振铃", talking: "通话中", ended: "已挂断" }[this.line.stage];
    return { none: "未领取", ready: "未拨打", talking: "通话中", wrapup: "整理中" }[this.phase];
  },
  get callTone() {
    return this.phase === "talking" ? "calm" : "";
  },
  get numberLink() {
    return `tel:${this.number.replace(/转.*/, "")}`;
  },

  async claim() {
    if (this.claimBlocked) return;
    this.busy = true;
    const answer = await call("POST", "api/v1/visits/claim", { limit: 1, companion: this.companion });
    this.busy = false;
    this.refreshQueue();
    if (this.noteNetwork(answer) || !answer.ok) {
      this.idleTitle = "没有领到单";
      this.idleText = told(answer);
    } else if (!answer.body.items.length) {
      this.idleTitle = "现在没有可领取的单";
      this.idleText = "新的单下达后会自动出现在左边；预约的回呼到点后排在最前。可以先看「预约」，或稍后再按 Enter。";
      this.focusSoon(() => this.$refs.claim);
    } else await this.openVisit(answer.body.items[0].id);
  },
  async openVisit(id) {
    const answer = await call("GET", `agent/visits/${id}`);
    if (this.noteNetwork(answer) || !answer.ok) {
      this.idleTitle = "这张单打不开";
      this.idleText = told(answer);
      return;
    }
    this.take(answer.body, answer.version);
  },
  take(sheet, version) {
    const draft = this.kept.draft(sheet.id) || {};
    this.sheet = sheet;
    this.version = draft.dirty ? draft.version : version;
    this.answers = draft.dirty ? draft.answers : sheet.answers;
    this.dirty = Boolean(draft.dirty);
    this.stored = Object.keys(sheet.answers);
    this.person = draft.person || "";
    for (const name of ["note", "result", "callbackAt", "language", "corrected", "complaint", "refusal"]) this[name] = draft[name] || "";
    for (const name of ["startedAt", "endedAt"]) this[name] = draft[name] || 0;
    this.timed = sheet.call_seconds !== null;
    if (this.timed && !this.startedAt) this.resumeCall(sheet);
    this.key = draft.key || this.newKey();
    if (draft.phase && draft.phase !== "none") this.phase = draft.phase;
    else this.phase = !this.timed ? "ready" : sheet.call_ended ? "wrapup" : "talking";
    Object.assign(this, { errors: {}, number: "", wrapError: "", savedAt: "", lost: null, conflict: null, line: null, mine: draft.mine !== false });
    this.changes = sheet.notices;
    this.renewCodes(sheet.rules_version);
    this.renewedAt = Date.now();
    this.resumeAt(draft.active);
    this.loadAside(sheet.id);
    if (this.hasLine && this.phase === "talking") this.line = { stage: "placed" };
  },
  // a call that another window or an earlier day of this page began
  resumeCall(sheet) {
    this.startedAt = Date.now() - sheet.call_seconds * 1000;
    if (sheet.call_ended) this.endedAt = Date.now();
  },
  async heedChanges() {
    if (!this.sheet || this.lost || this.offline) return;
    if (this.busy) return this.heedLater();
    const visit = this.sheet.id;
    const answer = await call("GET", `agent/visits/${visit}/notices`);
    if (this.noteNetwork(answer) || !this.sheet || this.sheet.id !== visit) return;
    if (this.busy) return this.heedLater();
    if (answer.ok) {
      const isNew = latest(answer.body) !== latest(this.changes);
      this.changes = answer.body;
      if (isNew) await this.askAnew();
    } else if ([404, 409].includes(answer.status)) this.loseVisit(answer);
  },
  // what is under way may change the visit itself, and end it
  heedLater() {
    setTimeout(() => this.heedChanges(), 1000);
  },
  // the task is another one now: other questions may be asked, and answers may have gone with their matter
  async askAnew() {
    const visit = this.sheet.id;
    const answer = await call("GET", `agent/visits/${visit}`);
    if (this.noteNetwork(answer) || !answer.ok || !this.sheet || this.sheet.id !== visit) return;
    this.loadAside(visit);
    if (this.dirty) {
      this.offerVersions(answer);
      return;
    }
    this.sheet = answer.body;
    this.version = answer.version;
    this.stored = Object.keys(answer.body.answers);
    this.answers = answer.body.answers;
    if (this.phase !== "wrapup") this.resumeAt(this.active);
    this.keep();
  },
  async claimOne(id) {
    if (this.claimBlocked) return;
    const answer = await call("POST", `api/v1/visits/${id}/claim`, { companion: this.companion });
    this.refreshQueue();
    if (!this.noteNetwork(answer) && answer.ok) {
      this.companionFor = "";
      await this.openVisit(id);
    } else {
      if ((answer.body.errors || []).some((fault) => fault.rule === "companion")) this.askCompanion(id);
      this.idleTitle = "这张单领不到";
      this.idleText = told(answer);
    }
  },
  askCompanion(id) {
    this.companionFor = id;
    this.focusSoon(() => this.$refs.companion);
  },
  get asksCompanion() {
    return this.isIdle && Boolean(this.companionFor || this.companion);
  },
  typedCompanion(text) {
    this.companion = text.trim();
  },
  claimAccompanied(event) {
    if (!event.isComposing && this.companionFor) this.claimOne(this.companionFor);
  },
  // the server asks once more whether the customer may be called, and keeps the time
  async dial() {
    if (this.cannotDial) return;
    this.startedAt = Date.now();
    this.phase = "talking";
    this.keep();
    this.focusStep();
    const visit = this.sheet.id;
    const answer = await call("POST", `api/v1/visits/${visit}/${this.hasLine ? "line-calls" : "dial"}`);
    if (!this.sheet || this.sheet.id !== visit) return;
    if (this.noteNetwork(answer)) this.say("网络已断开，看不到完整号码；可用话机上的记录拨打。", "bad");
    else if (answer.ok) this.dialled(answer.body);
    else {
      this.phase = "ready";
      this.startedAt = 0;
      this.keep();
      this.say(told(answer), "bad");
    }
  },
  dialled(told) {
    this.timed = true;
    if (this.hasLine) {
      this.line = told;
      return;
    }
    if (this.isPractice) return;
    if (told.numbers.length) {
      this.number = told.numbers[0];
      this.$nextTick(() => this.ring());
    } else this.say("没有可拨打的号码：请向受理单位索取，或改用其他渠道联系。", "bad");
  },
  // hands the number to the computer's own phone program; without one the number can be dialled by hand
  ring() {
    const link = document.createElement("a");
    link.href = this.numberLink;
    link.click();
  },
  get hasLine() {
    return this.sites.cti === "http" && !this.isPractice;
  },
  // what the line tells of the call, while it goes on
  async followLine() {
    if (!this.line || this.line.stage === "ended" || this.phase !== "talking") return;
    const visit = this.sheet.id;
    const answer = await call("GET", `api/v1/visits/${visit}/line-call`);
    if (!answer.ok || !this.sheet || this.sheet.id !== visit) return;
    this.line = answer.body;
    if (this.line.stage !== "ended" || this.phase !== "talking") return;
    this.result = this.codeOf(this.line.likely_result);
    this.endTalk();
  },
  hangUp() {
    if (this.cannotHangUp) return;
    if (this.line && this.line.stage !== "ended") call("POST", `api/v1/visits/${this.sheet.id}/line-calls/hang-up`);
    this.endTalk();
  },
  endTalk() {
    this.endedAt = Date.now();
    if (this.timed) call("POST", `api/v1/visits/${this.sheet.id}/hang-up`);
    if (!this.result) this.result = this.likelyResult();
    this.toWrapUp();
  },
  likelyResult() {
    const some = this.asked.some((question) => isAnswered(this.answers[question.id]));
    if (!this.person) return "";
    if (this.person === "other") return this.codeOf("wrong_person");
    if (this.isComplete) return this.codeOf("completed");
    return some ? this.codeOf("partly") : "";
  },
  toWrapUp() {
    if (!this.startedAt) this.startedAt = this.endedAt = Date.now();
    if (!this.endedAt) this.endedAt = Date.now();
    this.phase = "wrapup";
    this.wrapError = "";
    this.keep();
    this.saveSoon();
    if (this.isCallback) this.offerTimes();
    this.focusSoon(() => this.$refs.wrapUp);
  },
  resumeScript() {
    this.phase = this.startedAt && this.endedAt > this.startedAt ? "talking" : "ready";
    this.endedAt = 0;
    if (this.phase === "ready") this.startedAt = 0;
    this.result = "";
    this.resumeAt(this.active);
  },
  noteResult(result) {
    this.result = result;
    this.toWrapUp();
  },
};

const latest = (notices) => (notices.length ? notices[notices.length - 1].at : "");
