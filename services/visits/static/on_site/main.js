// Visits on site, on a phone: the day's appointments, and one visit after the other. The parts are the workbench's.

import { call, told } from "../agent/api.js";
import { calling } from "../agent/call.js";
import { desk, given, openDesk } from "../agent/desk.js";
import { moment } from "../agent/wording.js";
import { wrapping } from "../agent/wrap_up.js";
import { record } from "./record.js";

const OPEN = "on-site/open"; // the visit that was open when the page was left

const onSite = {
  codesAddress: "on-site/result-codes",
  idleTitle: "",
  idleText: "",

  afterwards: "网络恢复后自动提交签名、照片和结果，请不要清除浏览器数据。",
  afterBack: "约好时间的仍在您的列表里，其余的回到队列。",

  init() {
    this.startRecord();
    desk.init.call(this);
  },
  get startsWith() {
    return this.kept.read(OPEN, "");
  },
  take(sheet, version) {
    const draft = this.kept.draft(sheet.id) || {};
    for (const name of ["signer", "unsignedReason"]) this[name] = draft[name] || "";
    calling.take.call(this, sheet, version);
    this.idleTitle = this.idleText = "";
    this.kept.write(OPEN, sheet.id);
    this.showRecord();
    this.focusSoon(() => (this.isReady ? this.$refs.visit : null));
  },
  get isReady() {
    return this.phase === "ready" && !this.lost;
  },
  get isScript() {
    return Boolean(this.sheet) && this.phase === "talking" && !this.lost;
  },
  get cannotFinish() {
    return this.phase !== "talking" || Boolean(this.lost);
  },
  get opening() {
    return this.sheet ? this.sheet.opening || `您好，请问是${this.customerName}吗？我是来上门回访的，想占用您几分钟。` : "";
  },
  get closingText() {
    if (!this.sheet) return "";
    if (!this.sheet.has_script) return "该单指定的问卷尚未发布，不能办结；可以改约，并请告知主管。";
    if (this.unanswered.length) return `还有必答题没有回答：${this.unanswered.map((question) => question.title).join("、")}。`;
    return "已全部问完。请客户签名。";
  },
  get address() {
    return this.sheet && this.sheet.address ? this.sheet.address : "来源没有带来地址，请先与客户联系";
  },
  get appointment() {
    if (!this.sheet) return "";
    return this.sheet.callback_at ? `${moment(this.sheet.callback_at)}${this.sheet.confirmed ? "（客户已确认）" : "（待确认）"}` : "还没有约定时间";
  },
  get canConfirm() {
    return Boolean(this.sheet && this.sheet.callback_at && !this.sheet.confirmed);
  },
  get moveText() {
    return this.sheet && this.sheet.callback_at ? "改约" : "约上门时间";
  },
  async confirmAppointment() {
    const answer = await call("POST", `api/v1/visits/${this.sheet.id}/confirm-appointment`);
    if (this.noteNetwork(answer) || !answer.ok) this.say(told(answer), "bad");
    else this.sheet = { ...this.sheet, confirmed: answer.body.confirmed };
    this.focusSoon(() => this.$refs.arrive);
  },
  // at the door: the server asks once more; without a network the visit goes on and is timed here
  async dial() {
    if (this.cannotDial) return;
    this.startedAt = Date.now();
    this.phase = "talking";
    this.keep();
    this.focusStep();
    const visit = this.sheet.id;
    const answer = await call("POST", `api/v1/visits/${visit}/arrive`);
    if (!this.sheet || this.sheet.id !== visit || this.noteNetwork(answer)) return;
    if (answer.ok) {
      this.timed = true;
      return;
    }
    this.phase = "ready";
    this.startedAt = 0;
    this.keep();
    this.say(told(answer), "bad");
  },
  toWrapUp() {
    calling.toWrapUp.call(this);
    this.showRecord();
  },
  get needsSignature() {
    return this.means === "completed";
  },
  get noteLabel() {
    if (this.isCallback && this.sheet && this.sheet.callback_at) return "改约的原因（必填）";
    return this.code && this.code.needs_note ? "备注（必填）" : "备注";
  },
  get resultHint() {
    if (!this.code) return "";
    if (this.isCallback) return "到约定时间前，这张单在您的列表里。";
    return this.code.ending ? "提交后这张单办结。" : "提交后按规则再次安排。";
  },
  faultOf() {
    const fault = wrapping.faultOf.call(this);
    if (fault) return fault;
    if (this.isCallback && this.sheet.callback_at && !this.note.trim()) return ["改约须写明原因。", "note"];
    if (this.needsSignature && !this.isSigned && !(this.signer.trim() && this.unsignedReason.trim())) {
      return ["还没有客户签名：请客户签名，或填写客户姓名和没有签名的原因。", "signing"];
    }
    return null;
  },
  attempt() {
    return { ...wrapping.attempt.call(this), ...(this.needsSignature ? { signer: this.signer.trim(), unsigned_reason: this.isSigned ? "" : this.unsignedReason.trim() } : {}) };
  },
  // there is no next one by the queue: the visitor goes on by the list
  claim() {},
  goOn() {
    this.idleTitle = "已提交";
  },
  async handIn() {
    await this.writing;
    await wrapping.handIn.call(this);
  },
  backToList() {
    this.keep();
    this.putAway();
  },
  putAway() {
    this.kept.write(OPEN, "");
    Object.assign(this, { shots: [], isSigned: false, signer: "", unsignedReason: "", photoError: "" });
    this.$refs.signer.value = this.$refs.unsigned.value = "";
    wrapping.putAway.call(this);
  },
};

openDesk(record, onSite);
