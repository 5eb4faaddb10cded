import { collisionsIn } from './pr024-compose-collisions.ts';
import type { Rule } from './rule.ts';

export const PR031: Rule = {
  id: 'PR031',
  severity: 'note',
  title: 'a Compose service that publishes a fixed port, which two stacks cannot both have',
  reasoning:
    'A number in ports: is for one stack: docker compose up in a second checkout fails when the engine finds the ' +
    'port taken. portramp compose up and portramp dev replace it by a leased one in every stack, so there it only ' +
    'matters who has the old number by heart. ports: ["5432"], without the number on this machine, lets the engine ' +
    'choose for plain docker compose too.',
  findOnce: (survey) =>
    collisionsIn(survey).ports.map(({ service, published, at }) => ({
      at,
      message: `${service} publishes ${published} in every stack, and only one of them can have it`,
      // Without a contract there is nothing that "portramp dev" could run.
      hint: `run "portramp compose up"${survey.scenes.length > 0 ? ' (or "portramp dev")' : ''}, which gives each stack a number of its own`,
    })),
};
