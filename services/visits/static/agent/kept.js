// What is kept in this browser until the server has it: the draft of each visit, and results not sent yet. Per agent.

export class Kept {
  constructor(agent) {
    this.prefix = `huifang/${agent}/`;
  }

  draft(visit) {
    return this.read(`draft/${visit}`, null);
  }

  keepDraft(visit, draft) {
    this.write(`draft/${visit}`, draft);
  }

  dropDraft(visit) {
    localStorage.removeItem(`${this.prefix}draft/${visit}`);
  }

  // a correction that was typed and not made yet
  correction(visit) {
    return this.read(`correction/${visit}`, null);
  }

  keepCorrection(visit, draft) {
    this.write(`correction/${visit}`, draft);
  }

  dropCorrection(visit) {
    localStorage.removeItem(`${this.prefix}correction/${visit}`);
  }

  // What the agent typed does not stay on a computer that others use, but for the visit in hand and what waits to be sent.
  forgetBut(visit) {
    const waiting = this.outbox;
    const needed = [visit, ...waiting.map((result) => result.visit)].map((id) => `${this.prefix}draft/${id}`);
    if (waiting.length) needed.push(`${this.prefix}outbox`);
    for (const name of Object.keys(localStorage)) if (name.startsWith(this.prefix) && !needed.includes(name)) localStorage.removeItem(name);
  }

  get outbox() {
    return this.read("outbox", []);
  }

  set outbox(results) {
    this.write("outbox", results);
  }

  read(name, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(this.prefix + name)) ?? otherwise;
    } catch {
      return otherwise;
    }
  }

  write(name, value) {
    localStorage.setItem(this.prefix + name, JSON.stringify(value));
  }
}
