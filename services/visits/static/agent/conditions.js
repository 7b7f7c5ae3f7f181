// Which questions are asked, given the answers so far: the rule of domain/conditions.py and domain/answering.visible.

const COMPARE = {
  eq: (chosen, value) => chosen.includes(value),
  ne: (chosen, value) => !chosen.includes(value),
  in: (chosen, value) => chosen.some((one) => value.includes(one)),
  lt: (chosen, value) => chosen.every((one) => one < value),
  gt: (chosen, value) => chosen.every((one) => one > value),
};

export function holds(condition, answers) {
  if (condition.all) return condition.all.every((part) => holds(part, answers));
  if (condition.any) return condition.any.some((part) => holds(part, answers));
  const answer = answers[condition.question];
  if (answer === undefined || answer === null) return false;
  const operator = Object.keys(COMPARE).find((name) => name in condition);
  return COMPARE[operator](Array.isArray(answer) ? answer : [answer], condition[operator]);
}

// A condition sees only answers to questions that are asked themselves.
export function visible(questions, answers) {
  const seen = {};
  return questions.filter((question) => {
    if (question.when && !holds(question.when, seen)) return false;
    if (isAnswered(answers[question.id])) seen[question.id] = answers[question.id];
    return true;
  });
}

export const isAnswered = (answer) => answer !== undefined && answer !== null && answer !== "" && !(Array.isArray(answer) && !answer.length);

// The questions of one card: one that always stands, with the follow-ups that hang on its answer.
export function grouped(asked) {
  const groups = [];
  for (const question of asked) {
    const last = groups[groups.length - 1];
    if (last && question.when && mentions(question.when, last[0].id)) last.push(question);
    else groups.push([question]);
  }
  return groups;
}

function mentions(condition, id) {
  const parts = condition.all || condition.any;
  return parts ? parts.some((part) => mentions(part, id)) : condition.question === id;
}
