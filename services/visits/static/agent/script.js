// The script: one question at a time, its follow-ups below it.

import { grouped, isAnswered, visible } from "./conditions.js";
import { answerText, choices, isDissatisfied, PERSONS, ratingOf } from "./wording.js";

const OPENING = "opening";
const CLOSING = "closing";

export const script = {
  sheet: null,
  person: "",
  answers: {},
  active: OPENING,
  errors: {},

  get asked() {
    return this.sheet ? visible(this.sheet.questions, this.answers) : [];
  },
  get groups() {
    return grouped(this.asked);
  },
  get isScript() {
    return Boolean(this.sheet) && this.phase !== "wrapup" && !this.lost;
  },
  get isOpening() {
    return this.active === OPENING;
  },
  get isClosing() {
    return this.active === CLOSING;
  },
  get group() {
    const found = this.groups.find((group) => group.some((question) => question.id === this.active)) || [];
    return found.map((question, place) => this.shown(question, place));
  },
  shown(question, place) {
    const answer = this.answers[question.id];
    const current = question.id === this.active ? " current" : "";
    const needed = question.required ? "必答" : "可不答";
    const kind = question.kind === "multiple" ? "，可多选" : "";
    return {
      ...question,
      options: choices(question, answer),
      frame: place ? `question follow-up${current}` : `question${current}`,
      lead: `${place ? "追问" : "照着说"}（${needed}${kind}）${question.matter ? ` · 关于 ${question.matter}` : ""}`,
      isText: question.kind === "text",
      isNumber: question.kind === "number",
      text: isAnswered(answer) ? `${answer}` : "",
      error: this.errors[question.id] || "",
    };
  },
  get saidSoFar() {
    const until = this.groups.findIndex((group) => group.some((question) => question.id === this.active));
    const before = this.isClosing ? this.asked : this.isOpening ? [] : this.groups.slice(0, until).flat();
    const told = before.filter((question) => isAnswered(this.answers[question.id]));
    return told.map((question) => ({ id: question.id, title: question.title, text: answerText(question, this.answers[question.id]) }));
  },
  get scriptTitle() {
    return this.sheet ? this.sheet.script_title || this.sheet.title || "回访" : "";
  },
  get opening() {
    if (!this.sheet) return "";
    return this.sheet.opening || `您好，请问是${this.customerName}吗？您现在方便接听回访电话吗？`;
  },
  get closing() {
    return (this.sheet && this.sheet.closing) || "感谢您的配合，再见。";
  },
  get closingText() {
    if (!this.sheet) return "";
    if (!this.sheet.has_script) return "该单指定的问卷尚未发布，不能办结；可以记录未接通、预约回呼等结果，并请告知主管。";
    if (this.unanswered.length) return `还有必答题没有回答：${this.unanswered.map((question) => question.title).join("、")}。`;
    return "已全部问完。说完结束语，按 Ctrl+Enter 提交并领取下一单；要写备注先按 F4 挂断。";
  },
  get customerName() {
    return this.sheet ? this.sheet.customer.name || "客户" : "";
  },
  get isSelf() {
    return this.person === "self";
  },
  get isFamily() {
    return this.person === "family";
  },
  get isOther() {
    return this.person === "other";
  },
  get personText() {
    return PERSONS[this.person] || "";
  },
  get unanswered() {
    return this.asked.filter((question) => question.required && !isAnswered(this.answers[question.id]));
  },
  get isComplete() {
    return Boolean(this.sheet) && this.sheet.has_script && !this.unanswered.length;
  },
  get progressAll() {
    return this.groups.length + 1;
  },
  get progressDone() {
    const answered = this.groups.filter((group) => group.every((question) => isAnswered(this.answers[question.id])));
    return answered.length + (this.person ? 1 : 0);
  },
  get progressText() {
    return `${this.progressDone} / ${this.progressAll}`;
  },
  get foretold() {
    const rating = ratingOf(this.asked, this.answers);
    const filed = this.isPractice ? "真实通话提交后会自动立案（练习不会）" : "提交后会自动立案";
    return isDissatisfied(rating) ? `客户不满意：${filed}，交责任单位整改后二次回访，不必再转投诉。` : "";
  },

  // after a reload: the same question; else the first without an answer
  resumeAt(id) {
    const ids = [OPENING, ...this.asked.map((question) => question.id), CLOSING];
    const open = this.asked.find((question) => !isAnswered(this.answers[question.id]));
    const first = this.person ? (open ? open.id : CLOSING) : OPENING;
    this.goTo(ids.includes(id) ? id : first);
  },
  goTo(id) {
    this.active = id;
    this.keep();
    this.focusStep();
  },
  focusStep() {
    this.focusSoon(() => {
      const field = document.querySelector(`[data-field="${this.active}"]`);
      return this.isScript ? field || document.querySelector(`[data-step="${this.active}"]`) : null;
    });
  },
  choosePerson(person) {
    this.person = person;
    this.keep();
    if (person === "other") this.noteResult("wrong_person");
    else this.next();
  },
  choose(id, value) {
    const question = this.asked.find((one) => one.id === id);
    this.active = id;
    delete this.errors[id];
    if (question.kind === "multiple") {
      const chosen = this.answers[id] || [];
      const left = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
      this.answer(id, left.length ? left : undefined);
      this.focusStep();
    } else {
      this.answer(id, value);
      this.next();
    }
    this.saveSoon();
  },
  typed(id, text) {
    const question = this.asked.find((one) => one.id === id);
    this.active = id;
    delete this.errors[id];
    const number = Number(text.trim());
    const isNumber = question.kind === "number" && text.trim() !== "";
    if (isNumber && !Number.isFinite(number)) this.errors[id] = "请填数字";
    else this.answer(id, isNumber ? number : text.trim() ? text : undefined);
  },
  answer(id, value) {
    const answers = { ...this.answers };
    if (value === undefined) delete answers[id];
    else answers[id] = value;
    this.answers = answers;
    this.changed();
  },
  // a digit: the option of the question that is asked now
  press(key) {
    if (this.isOpening) {
      const person = Object.keys(PERSONS)[Number(key) - 1];
      if (person) this.choosePerson(person);
      return;
    }
    const question = this.asked.find((one) => one.id === this.active);
    const option = question && choices(question, this.answers[question.id]).find((one) => one.key === key);
    if (option) this.choose(question.id, option.value);
  },
  next() {
    if (this.isOpening && !this.person) return;
    if (this.isClosing) return this.focusStep(); // all was asked; Enter does not begin again
    const question = this.asked.find((one) => one.id === this.active);
    if (question && question.required && !isAnswered(this.answers[question.id])) {
      this.errors = { ...this.errors, [question.id]: "必答，请选一个答案；客户不愿继续时按 F4 挂断" };
      this.focusStep();
      return;
    }
    const ids = this.asked.map((one) => one.id);
    this.goTo(ids[ids.indexOf(this.active) + 1] || CLOSING);
  },
  back() {
    const ids = this.asked.map((question) => question.id);
    const place = this.isClosing ? ids.length : ids.indexOf(this.active);
    this.goTo(place > 0 ? ids[place - 1] : OPENING);
  },
  leaveField() {
    document.activeElement.blur();
    const step = document.querySelector(`[data-step="${this.active}"]`);
    if (step && this.isScript) step.focus();
  },
};
