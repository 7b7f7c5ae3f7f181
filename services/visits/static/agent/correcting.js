// A finished record is corrected in a dialog of its own; the visit in hand is not touched.

import { call, told } from "./api.js";
import { isAnswered, visible } from "./conditions.js";
import { answerText, choices, moment } from "./wording.js";

export const correcting = {
  record: null,
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
    this.record = { ...answer.body, version: answer.version };
    this.right = answer.body.answers;
    this.recordNote = answer.body.note;
    this.whyCorrected = "";
    this.rightResult = answer.body.result;
    this.rightCallback = "";
    this.open("correction");
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
    this.dialogError = "";
  },
  typedRightTime(text) {
    this.rightCallback = text ? `${text}:00+08:00` : "";
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
    this.dialogError = "";
  },
  typedRecordNote(text) {
    this.recordNote = text;
  },
  typedWhy(text) {
    this.whyCorrected = text;
  },
  async correct() {
    const asked = new Set(this.recordAsked.map((question) => question.id));
    const answers = Object.fromEntries(Object.entries(this.right).filter(([id]) => asked.has(id)));
    const body = { answers, note: this.recordNote.trim(), reason: this.whyCorrected.trim() };
    if (this.correctsResult) body.result = this.rightResult;
    if (this.isRightCallback && this.rightCallback) body.callback_at = this.rightCallback;
    const what = this.correctsResult ? "correct-result" : "correct";
    const answer = await call("POST", `api/v1/visits/${this.record.id}/${what}`, body, { "If-Match": `"${this.record.version}"` });
    if (!answer.ok) {
      this.dialogError = answer.status === 412 ? "这份记录刚刚被改过，请关闭后重新打开再更正。" : told(answer);
      return;
    }
    this.closeDialogs();
    this.say(`已更正${this.recordName}的回访；原记录保留，投诉和指标随之更新。`, "good");
    this.refreshQueue();
  },
};
