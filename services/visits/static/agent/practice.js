// The practice call: the same steps as a real one, with what to do next beside each area. Nobody is called and nothing is counted.

import { call, told } from "./api.js";

const SCRIPT = {
  ready: "第 1 步 · 先看右边的客户和来源单，再按 F2 拨打。练习不会真的拨出，这张单也没有别人看得到。",
  opening: "第 2 步 · 客户接通了。照着引号里的话说，再按 1，表示接听的是本人。",
  question: "第 3 步 · 一次问一题：照着念，客户答什么就按哪个数字键；按错了用 Backspace 回到上一题。可以试试「不满意」，看追问怎么出现。",
  closing: "第 4 步 · 问完了。念完结束语，按 F4 挂断，到小结。",
  wrapup: "第 5 步 · 每次通话都要选一个结果，「完成」已按您的作答选好；要改就按按钮上的字母。按 Ctrl+Enter 完成练习。",
};
const CALL = { ready: "按 F2 拨打", talking: "说完按 F4 挂断", wrapup: "按 Ctrl+Enter 完成练习" };
const NOT_NOW = "练习中不会真的登记。真实通话里，这里";

export const practice = {
  get isPractice() {
    return Boolean(this.sheet && this.sheet.practice && !this.lost);
  },
  get isNewcomer() {
    return this.sites.newcomer;
  },
  get practiceText() {
    return this.practised ? "再练一单" : "练习一单";
  },
  practised: false,
  get coachScript() {
    if (!this.isPractice) return "";
    if (this.phase !== "talking") return SCRIPT[this.phase];
    return SCRIPT[this.isOpening ? "opening" : this.isClosing ? "closing" : "question"];
  },
  get coachCall() {
    return this.isPractice ? CALL[this.phase] : "";
  },
  get submitText() {
    return this.isPractice ? "完成练习" : "提交并领取下一单";
  },

  async startPractice() {
    this.closeDialogs();
    if (this.claimBlocked) {
      this.say("手上有一张单。先办结或退回它，再练习。", "");
      return;
    }
    this.busy = true;
    const answer = await call("POST", "api/v1/practice");
    this.busy = false;
    if (this.noteNetwork(answer) || !answer.ok) {
      this.idleTitle = "现在不能练习";
      this.idleText = told(answer);
    } else await this.openVisit(answer.body.id);
  },
  endPractice() {
    this.practised = true;
    this.idleTitle = "练习完成";
    this.idleText = "这一单没有拨出、没有计数，也没有告诉任何人。可以再练一单，或按 Enter 领取真正的下一单。";
    this.putAway();
  },
  // whether what was asked for is left out because this is practice; says what it would do
  isOnlyPractice(what) {
    if (this.isPractice) this.say(`${NOT_NOW}${what}。`, "");
    return this.isPractice;
  },
};
