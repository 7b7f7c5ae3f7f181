// Which questions are asked, given the answers so far: the rule of domain/conditions.py (the operators of
// shared/conditions/comparisons.py) and domain/answering.visible.

const same = (answer, value) =>
  typeof value === "number" && typeof answer === "string" ? answer.trim() !== "" && Number(answer) === value : answer === value;
const ordered = (compare) => (answer, value) => typeof answer === typeof value && compare(answer, value);

const COMPARE = {
  eq: same,
  ne: (answer, value) => !same(answer, value),
  in: (answer, values) => values.some((value) => same(answer, value)),
  not_in: (answer, values) => !values.some((value) => same(answer, value)),
  gt: ordered((answer, value) => answer > value),
  ge: ordered((answer, value) => answer >= value),
  lt: ordered((answer, value) => answer < value),
  le: ordered((answer, value) => answer <= value),
  exists: (answer, value) => isAnswered(answer) === value,
  contains: (answer, value) => (Array.isArray(answer) || (typeof answer === "string" && typeof value === "string")) && answer.includes(value),
};

export function holds(condition, answers) {
  if (condition.all) return condition.all.every((part) => holds(part, answers));
  if (condition.any) return condition.any.some((part) => holds(part, answers));
  if (condition.not) return !holds(condition.not, answers);
  const { field, op, value = true } = condition;
  return COMPARE[op](answers[field], value);
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
  const parts = condition.all || condition.any || (condition.not && [condition.not]);
  return parts ? parts.some((part) => mentions(part, id)) : condition.field === id;
}
