// The wrap-up: what came of the call, when to call again, on to the next.

import { call, isProblem, told } from "./api.js";
import { moment } from "./wording.js";

export const wrapping = {
  result: "",
  note: "",
  callbackAt: "",
  language: "", // what the customer speaks, where that kept them apart
  mine: true, // whether the callback is the agent's own
  offered: [],
  timeWarning: "",
  corrected: "",
  wrapError: "",
  afterwards: "网络恢复后自动提交，请不要清除浏览器数据；恢复后按 Enter 领取下一单。",
  afterBack: "该单已回到队列，其他人可以领取。",

  // the codes under their headings, both in the order of the work rules
  get codeGroups() {
    const named = [...new Set(this.codes.map((code) => code.group))];
    return named.map((name) => ({ name, codes: this.pressable.filter((code) => code.group === name) }));
  },
  get pressable() {
    return this.codes.map((code) => ({ ...code, pressed: code.code === this.result }));
  },
  // the code to choose for one of the platform's meanings, "" where the work rules have none
  codeOf(means) {
    const found = this.codes.find((code) => code.code === means) || this.codes.find((code) => code.means === means);
    return found ? found.code : "";
  },
  // the work rules were set anew since the page was opened: other codes may be chosen
  async renewCodes(version) {
    if (version === this.rulesVersion) return;
    const answer = await call("GET", this.codesAddress);
    if (!answer.ok) return;
    this.codes = answer.body.filter((code) => !code.retired);
    this.rulesVersion = version;
  },
  get code() {
    return this.codes.find((code) => code.code === this.result);
  },
  get means() {
    return this.code ? this.code.means : "";
  },
  get isCallback() {
    return this.means === "callback_agreed";
  },
  get isLanguage() {
    return this.means === "language_barrier";
  },
  chooseLanguage(language) {
    this.language = language;
    this.keep();
  },
  get isWrongNumber() {
    return ["invalid_number", "wrong_number"].includes(this.means) || Boolean(this.code && this.code.ending === "invalid_number");
  },
  get noteLabel() {
    return this.code && this.code.needs_note ? "备注（必填）" : "备注";
  },
  get resultHint() {
    if (!this.code) return "还没有选结果：按字母键，或点一个。";
    if (this.isCallback) return "到约定时间，这张单会回到队列最前。";
    if (this.code.ending) return this.isWrongNumber ? "有新号码请在下面填写。" : "提交后这张单办结。";
    const hours = this.code.retry_hours && `，在 ${this.code.retry_hours}`;
    if (this.code.retry_after === "next_working_day") return `下一工作日再拨${hours}；该结果最多 ${this.code.most} 次。`;
    return `${wait(this.code.retry_after)}再拨${hours}；该结果最多 ${this.code.most} 次。`;
  },
  chooseResult(result) {
    this.result = result;
    this.wrapError = "";
    this.keep();
    if (this.isCallback) this.offerTimes();
    const field = this.isWrongNumber ? "corrected" : this.code.needs_note ? "note" : "wrapUp";
    this.focusSoon(() => this.$refs[field]);
  },
  pressInWrapUp(key) {
    const code = this.codes.find((one) => one.shortcut === key);
    const time = this.isCallback && this.offered[Number(key) - 1];
    if (time) this.chooseTime(time.at);
    else if (code) this.chooseResult(code.code);
  },
  agreeCallback() {
    if (this.idle) return;
    this.noteResult("callback_agreed");
  },
  async offerTimes() {
    const answer = await call("GET", "agent/callback-times");
    if (this.noteNetwork(answer) || !answer.ok) return;
    this.offered = answer.body;
    this.$nextTick(() => this.$refs.times?.scrollIntoView({ block: "nearest" }));
  },
  get callbackTimes() {
    return this.offered.map((time, index) => ({
      ...time,
      key: `${index + 1}`,
      pressed: time.at === this.callbackAt,
      warning: time.moved_to ? `不在可拨打时段，顺延到 ${moment(time.moved_to)}` : moment(time.at),
    }));
  },
  chooseTime(at) {
    this.callbackAt = at;
    this.timeWarning = "";
    this.wrapError = "";
    this.keep();
  },
  async typedTime(text) {
    if (!text) return;
    this.chooseTime(`${text}:00+08:00`);
    const answer = await call("GET", `agent/callback-times?at=${encodeURIComponent(this.callbackAt)}`);
    const moved = answer.ok && answer.body[0].moved_to;
    if (moved) this.timeWarning = `该时间不在可拨打时段或遇休息日，将顺延到 ${moment(moved)}。`;
  },
  ownCallback(mine) {
    this.mine = mine;
    this.keep();
  },
  typedNote(text) {
    this.note = text;
    this.keep();
  },
  typedNumber(text) {
    this.corrected = text;
    this.keep();
  },

  // what is missing before the result can be handed in, with the field to go to
  faultOf() {
    if (!this.code) return ["还没有选呼叫结果。", "wrapUp"];
    if (this.code.needs_note && !this.note.trim()) return [`结果为「${this.code.label}」时须填写备注。`, "note"];
    if (this.isCallback && !this.callbackAt) return ["请选择再打的时间。", "wrapUp"];
    if (this.means === "completed" && !this.person) return ["还没有确认接听的人，请回到话术选择本人或家属代答。", "wrapUp"];
    return null;
  },
  async submit() {
    if (this.idle || this.busy) return;
    if (this.phase !== "wrapup") {
      if (!(this.isComplete && ["self", "family"].includes(this.person))) {
        this.phase === "talking" ? this.hangUp() : this.toWrapUp();
        return;
      }
      if (!this.startedAt) this.startedAt = Date.now();
      this.endedAt = Date.now();
      this.result = "completed";
    }
    const fault = this.faultOf();
    if (fault) {
      this.wrapError = fault[0];
      this.focusSoon(() => this.$refs[fault[1]]);
      return;
    }
    await this.handIn();
  },
  // the platform adds these to what was saved before, so an answer that was taken back is said to be none
  get answersToHandIn() {
    return { ...Object.fromEntries(this.stored.map((id) => [id, null])), ...this.answers };
  },
  attempt() {
    return {
      result: this.result,
      person: this.person || "self",
      answers: this.sheet.has_script ? this.answersToHandIn : null,
      talk_seconds: this.timed ? null : this.talkSeconds,
      wrap_up_seconds: this.timed ? null : Math.max(0, Math.round((Date.now() - this.endedAt) / 1000)),
      note: this.note.trim(),
      callback_at: this.isCallback ? this.callbackAt : null,
      callback_owner: this.isCallback && this.mine ? "me" : "queue",
      language: (this.isLanguage && this.language) || null,
      corrected_phone: this.isWrongNumber && this.corrected.trim() ? this.corrected.trim() : null,
    };
  },
  async handIn() {
    this.busy = true;
    this.dirty = false; // the result carries the answers
    const waiting = { visit: this.sheet.id, name: this.customerName, companion: this.sheet.companion, url: `api/v1/visits/${this.sheet.id}/attempts`, body: this.attempt(), key: this.key };
    const answer = await this.deliver(waiting);
    this.busy = false;
    if (this.noteNetwork(answer)) {
      this.keepForLater(waiting);
      this.idleTitle = `${this.customerName}的小结已存本机`;
      this.idleText = this.afterwards;
      this.putAway();
    } else if (answer.ok) {
      this.kept.dropDraft(this.sheet.id);
      const warnings = answer.body.warnings.map((warning) => this.warned(warning, answer.body));
      if (warnings.length) this.say(warnings.join("；"), "");
      if (this.isPractice) {
        this.endPractice();
        return;
      }
      this.putAway();
      await this.goOn();
    } else this.refused(answer);
  },
  goOn() {
    return this.claim();
  },
  warned(warning, result) {
    return warning.includes("next_at") ? `${this.customerName}：约定时间不在可拨打时段内，已顺延到 ${moment(result.next_at)}。` : warning;
  },
  refused(answer) {
    const errors = answer.body.errors || [];
    this.key = this.newKey(); // another body needs another key
    this.dirty = this.sheet.has_script; // the result has not carried the answers
    if ([404, 409].includes(answer.status) && !isProblem(answer, "questionnaire-not-published")) {
      this.loseVisit(answer);
    } else if (errors.some((fault) => fault.question)) {
      this.phase = "talking";
      this.endedAt = 0;
      this.result = "";
      for (const fault of errors) if (fault.question) this.errors[fault.question] = fault.message;
      this.goTo(errors.find((fault) => fault.question).question);
    } else {
      if (isProblem(answer, "result-not-selectable")) this.renewCodes(null);
      this.phase = "wrapup";
      this.wrapError = told(answer);
      this.focusSoon(() => this.$refs[this.isWrongNumber ? "corrected" : "wrapUp"]);
    }
    this.keep();
  },
  async giveBack() {
    if (this.idle) return;
    const answer = await call("POST", `api/v1/visits/${this.sheet.id}/release`);
    if (this.noteNetwork(answer) || !answer.ok) {
      this.say(told(answer), "bad");
      return;
    }
    this.kept.dropDraft(this.sheet.id);
    if (this.isPractice) {
      this.endPractice();
      return;
    }
    this.idleTitle = "已退回";
    this.idleText = `${this.customerName}：${this.afterBack}`;
    this.putAway();
  },
  putAway() {
    Object.assign(this, { sheet: null, phase: "none", person: "", answers: {}, active: "opening", result: "", note: "", number: "", callbackAt: "", language: "", corrected: "", complaint: "", refusal: "" });
    Object.assign(this, { startedAt: 0, endedAt: 0, dirty: false, line: null, timed: false, changes: [], timeWarning: "", wrapError: "", errors: {} });
    this.$refs.note.value = this.$refs.corrected.value = this.$refs.callback.value = "";
    this.clearAside();
    this.refreshQueue();
    this.focusSoon(() => this.$refs.claim);
  },
};

function wait(text) {
  const minutes = Number((/^PT(\d+)M$/.exec(text) || [])[1] || 0);
  if (!minutes) return "随即";
  return minutes % 60 ? `${minutes} 分钟后` : `${minutes / 60} 小时后`;
}
