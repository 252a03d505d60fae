/**
 * Owns the order of measuring: every round measures each subject once, and the order turns from round to round, so that what
 * drifts on the machine meets all of them alike. Used by the benches. A subject that fails is recorded with its reason;
 * after several failures in a row it is given up, so that a broken peer costs no minutes.
 */

const GIVE_UP_AFTER = 3;

/**
 * @param {object} plan
 * @param {number} plan.rounds counted ones; `warmUps` more go before and are thrown away
 * @param {{ id: string, measure: (tag: string) => Promise<Record<string, number> | Later> }[]} plan.subjects
 * @returns rounds, each with the numbers (or the reason of the failure) by subject
 *
 * @typedef {{ later: Promise<Record<string, number>> }} Later what only waits, and must not hold up the others
 */
export async function runRounds({ rounds, warmUps = 1, subjects }) {
  const failuresInRow = new Map(subjects.map(({ id }) => [id, 0]));
  const done = [];
  const late = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const values = {};
    const failures = {};
    for (const { id, measure } of inTurn(subjects, round + warmUps)) {
      if (failuresInRow.get(id) >= GIVE_UP_AFTER) {
        failures[id] = `given up after ${GIVE_UP_AFTER} failures in a row`;
        continue;
      }
      try {
        const outcome = await measure(round < 0 ? `w${-round}` : `r${round}`);
        if (outcome.later === undefined) values[id] = outcome;
        else late.push(settle(id, outcome.later, { values, failures }));
        failuresInRow.set(id, 0);
      } catch (error) {
        failures[id] = error.message;
        failuresInRow.set(id, failuresInRow.get(id) + 1);
      }
    }
    if (round >= 0) done.push({ values, failures });
    progress(round, rounds, values, failures);
  }
  await Promise.all(late);
  return done;
}

async function settle(id, later, { values, failures }) {
  try {
    values[id] = await later;
  } catch (error) {
    failures[id] = error.message;
  }
}

/** A B C, then C B A, then B C A, A C B, ... */
function inTurn(subjects, round) {
  const shift = Math.floor(round / 2) % subjects.length;
  const turned = [...subjects.slice(shift), ...subjects.slice(0, shift)];
  return round % 2 === 0 ? turned : turned.reverse();
}

function progress(round, rounds, values, failures) {
  const parts = Object.entries(values).map(([id, numbers]) => {
    const shown = Object.entries(numbers).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
    return `${id}: ${shown.join(', ')}`;
  });
  if (parts.length === 0) parts.push('measured in the background');
  const failed = Object.entries(failures).map(([id, why]) => `${id}: FAILED ${why.split('\n')[0]}`);
  const head = round < 0 ? 'warm-up' : `round ${round + 1}/${rounds}`;
  console.error(`${head}  ${[...parts, ...failed].join(' | ')}`);
}
