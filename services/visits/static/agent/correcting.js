// A finished record is corrected in a dialog of its own; the visit in hand is not touched.

import { call, told } from "./api.js";
import { isAnswered, visible } from "./conditions.js";
import { answerText, choices, moment } from "./wording.js";

const TYPED = ["right", "recordNote", "whyCorrected", "rightResult", "rightCallback"];

export const correcting = {
  record: null,
  recordOffer: null, // what was typed before, beside the record as it is: the agent chooses
  right: {}, // the answers as they should be
  recordNote: "",
  whyCorrected: "",
  rightResult: "", // of a visit that has failed or waits: what its last attempt really came to
  rightCallback: "",

  async openCorrection(id) {
    const answer = await call("GET", `agent/visits/${id}/record`);
    if (this.noteNetwork(answer) || !answer.ok) {
      this.say(told(answer), "bad");
      return;
    }
    this.takeRecord({ ...answer.body, version: answer.version });
    const draft = this.kept.correction(id);
    if (draft) this.offerTyped(draft.typed, draft.version !== answer.version);
    this.open("correction");
  },
  takeRecord(record) {
    this.recordOffer = null;
    Object.assign(this, { record, right: record.answers, recordNote: record.note, whyCorrected: "", rightResult: record.result, rightCallback: "" });
  },
  keepCorrection() {
    this.dialogError = "";
    this.kept.keepCorrection(this.record.id, { version: this.record.version, typed: Object.fromEntries(TYPED.map((name) => [name, this[name]])) });
  },
  offerTyped(typed, isNewer) {
    Object.assign(this, typed);
    this.rightResult ||= this.record.result;
    this.recordOffer = { isNewer };
  },
  get recordOfferText() {
    if (!this.recordOffer) return "";
    if (!this.recordOffer.isNewer) return "已恢复您上次没有提交的填写。";
    const last = this.record.versions.at(-1);
    const who = last && last.number ? `${last.by} 于 ${moment(last.at)} 更正了这份记录（${last.reason}）` : "这份记录在别处被改过";
    return `您填写之后，${who}。请选择保留哪一份；系统里的在「以前的版本」中。`;
  },
  keepTyped() {
    this.recordOffer = null;
    this.keepCorrection();
  },
  dropTyped() {
    this.kept.dropCorrection(this.record.id);
    this.takeRecord(this.record);
    this.dialogError = "";
  },
  // somebody was faster: both versions are offered, with who and when
  async meetNewer() {
    const typed = Object.fromEntries(TYPED.map((name) => [name, this[name]]));
    const answer = await call("GET", `agent/visits/${this.record.id}/record`);
    if (!answer.ok) {
      this.dialogError = told(answer);
      return;
    }
    this.takeRecord({ ...answer.body, version: answer.version });
    this.offerTyped(typed, true);
  },
  get recordName() {
    return this.record ? this.record.name : "";
  },
  get correctsResult() {
    return Boolean(this.record && this.record.result);
  },
  get rightCode() {
    return this.codes.find((code) => code.code === this.rightResult);
  },
  get rightResults() {
    return this.codes.map((code) => ({ ...code, pressed: code.code === this.rightResult }));
  },
  get rightResultHint() {
    if (!this.rightCode || this.rightResult === this.record.result) return "请选真正的结果。";
    if (this.rightCode.ending === "completed") return "请填写客户当时的回答；回访按那次联系的时间办结。";
    if (this.rightCode.ending) return "回访按这个结果办结。";
    return "回访重新打开，按作业规则再次联系。";
  },
  get isRightCallback() {
    return Boolean(this.correctsResult && this.rightCode && this.rightCode.means === "callback_agreed");
  },
  chooseRightResult(code) {
    this.rightResult = code;
    this.keepCorrection();
  },
  typedRightTime(text) {
    this.rightCallback = text ? `${text}:00+08:00` : "";
    this.keepCorrection();
  },
  get rightCallbackText() {
    return this.rightCallback.slice(0, 16);
  },
  get recordAsked() {
    if (!this.record) return [];
    const talked = !this.correctsResult || (this.rightCode && this.rightCode.ending === "completed");
    return talked ? visible(this.record.questions, this.right) : [];
  },
  get recordQuestions() {
    return this.recordAsked.map((question) => ({
      ...question,
      label: `${question.title}${question.required ? "" : "（可不答）"}`,
      options: choices(question, this.right[question.id]),
      isText: question.kind === "text",
      isNumber: question.kind === "number",
      text: isAnswered(this.right[question.id]) ? `${this.right[question.id]}` : "",
    }));
  },
  get recordVersions() {
    if (!this.record || this.record.versions.length < 2) return [];
    return this.record.versions.map((version) => ({
      number: version.number,
      text: `${version.number ? `第 ${version.number} 次更正` : "原记录"} · ${moment(version.at)} · ${version.by}${version.reason ? `：${version.reason}` : ""}`,
      answers: this.record.questions
        .filter((question) => isAnswered(version.answers[question.id]))
        .map((question) => `${question.title}：${answerText(question, version.answers[question.id])}`)
        .join("；"),
    }));
  },
  // the same answer again takes it back
  correctAnswer(id, value) {
    const question = this.record.questions.find((one) => one.id === id);
    const given = this.right[id];
    if (question.kind !== "multiple") this.setRight(id, given === value ? undefined : value);
    else {
      const chosen = given || [];
      const left = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
      this.setRight(id, left.length ? left : undefined);
    }
  },
  correctText(id, text) {
    const question = this.record.questions.find((one) => one.id === id);
    const number = Number(text.trim());
    this.setRight(id, !text.trim() ? undefined : question.kind === "number" && Number.isFinite(number) ? number : text);
  },
  setRight(id, value) {
    const right = { ...this.right };
    if (value === undefined) delete right[id];
    else right[id] = value;
    this.right = right;
    this.keepCorrection();
  },
  typedRecordNote(text) {
    this.recordNote = text;
    this.keepCorrection();
  },
  typedWhy(text) {
    this.whyCorrected = text;
    this.keepCorrection();
  },
  async correct() {
    if (this.recordOffer?.isNewer) {
      this.dialogError = "请先选择保留哪一份。";
      return;
    }
    const asked = new Set(this.recordAsked.map((question) => question.id));
    const answers = Object.fromEntries(Object.entries(this.right).filter(([id]) => asked.has(id)));
    const body = { answers, note: this.recordNote.trim(), reason: this.whyCorrected.trim() };
    if (this.correctsResult) body.result = this.rightResult;
    if (this.isRightCallback && this.rightCallback) body.callback_at = this.rightCallback;
    const what = this.correctsResult ? "correct-result" : "correct";
    const answer = await call("POST", `api/v1/visits/${this.record.id}/${what}`, body, { "If-Match": `"${this.record.version}"` });
    if (answer.status === 412) return this.meetNewer();
    if (!answer.ok) {
      this.dialogError = told(answer);
      return;
    }
    this.kept.dropCorrection(this.record.id);
    this.closeDialogs();
    this.say(`已更正${this.recordName}的回访；原记录保留，投诉和指标随之更新。`, "good");
    this.refreshQueue();
  },
};
