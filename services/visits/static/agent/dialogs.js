// Dialogs: keys, full number, complaint, refusal. Focus goes back to where it was when one closes.

import { call, onceKey, told } from "./api.js";
import { answerText } from "./wording.js";

export const dialogs = {
  dialogError: "",
  notice: "",
  noticeKind: "",
  complaint: "", // typed, and not filed yet
  refusal: "", // what the customer said, typed and not recorded yet
  begun: {}, // dialog → the visit that it was opened for last

  say(text, kind) {
    this.notice = text;
    this.noticeKind = kind;
  },
  closeNotice() {
    this.notice = "";
  },
  open(name) {
    this.dialogError = "";
    this.focusedBefore = document.activeElement;
    this.$refs[name].showModal();
  },
  // a dialog is empty for another customer, and as it was left for the same one
  begin(name) {
    if (this.begun[name] !== this.sheet.id) this.$refs[name].querySelector("form").reset();
    this.begun[name] = this.sheet.id;
  },
  closeDialogs() {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  },
  openReveal() {
    if (!this.sheet || this.isOnlyPractice("显示客户的完整号码，每次查看都记入审计日志")) return;
    this.begin("reveal");
    this.open("reveal");
  },
  async reveal() {
    const answer = await call("POST", `api/v1/visits/${this.sheet.id}/reveal-phone`, { reason: this.$refs.reason.value });
    if (!answer.ok) {
      this.dialogError = told(answer);
      return;
    }
    this.number = answer.body.phone;
    this.closeDialogs();
  },
  get complaintWarning() {
    return "客户不满意的，提交小结后会自动立案；在这里登记的与它是同一件投诉。";
  },
  get complaintMatters() {
    return this.sheet ? this.sheet.matters.map((matter, place) => ({ place, title: matter.title || matter.subject })) : [];
  },
  get severalMatters() {
    return this.complaintMatters.length > 1;
  },
  openComplaint() {
    if (this.idle || this.isOnlyPractice("登记一件投诉，由您首问负责")) return;
    const told = this.asked.filter((question) => ["satisfaction", "reason", "remark"].includes(question.role) && this.answers[question.id] !== undefined);
    this.begin("complaint");
    this.$refs.complaintText.value = this.complaint || told.map((question) => `${question.title}：${answerText(question, this.answers[question.id])}`).join("；");
    this.complaintKey = onceKey();
    this.open("complaint");
  },
  typedComplaint(text) {
    this.complaint = text;
    this.keep();
  },
  async fileComplaint() {
    const { customer, kind, branch, subject } = this.sheet;
    const about = this.sheet.matters[Number(this.$refs.about.value) || 0] || {};
    const body = { customer: { id: customer.id, name: customer.name, level: customer.level }, description: this.$refs.complaintText.value, grade: this.$refs.grade.value, kind: about.kind || kind, branch, subject: about.subject || subject, visit_id: this.sheet.id };
    const answer = await call("POST", `${this.sites.complaints}/api/v1/cases`, body, { "Idempotency-Key": this.complaintKey });
    if (!answer.ok) {
      this.dialogError = told(answer);
      return;
    }
    this.begun.complaint = "";
    this.typedComplaint("");
    this.closeDialogs();
    this.say(`已登记投诉 ${answer.body.case_no}，由您首问负责。`, "good");
    this.loadAside(this.sheet.id);
  },
  openRefusal() {
    if (this.idle || this.isOnlyPractice("登记客户不再接受短信或电话回访")) return;
    this.refusalKey = onceKey();
    this.begin("refusal");
    this.$refs.refusalNote.value = this.refusal;
    this.open("refusal");
  },
  typedRefusal(text) {
    this.refusal = text;
    this.keep();
  },
  async refuse() {
    const note = this.$refs.refusalNote.value.trim() || "客户在回访中要求";
    const [noSms, noCalls] = [this.$refs.noSms.checked, this.$refs.noCalls.checked];
    if (!noSms && !noCalls) {
      this.dialogError = "请至少选一项。";
      return;
    }
    if (noSms) {
      const body = { customer_id: this.sheet.customer.id, channel: "sms", scope: "all", note };
      const answer = await call("POST", `${this.sites.notifications}/api/v1/opt-outs`, body, { "Idempotency-Key": this.refusalKey });
      if (!answer.ok) {
        this.dialogError = told(answer);
        return;
      }
    }
    this.begun.refusal = "";
    this.typedRefusal("");
    this.closeDialogs();
    if (noSms) this.say(`已登记：不再向${this.customerName}发短信。`, "good");
    if (noCalls) {
      this.note = this.note || note;
      this.noteResult("refused");
    }
  },
};
