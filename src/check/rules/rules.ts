/** The catalogue: every rule that this version knows, in order. The table of the README is made from it. */
import { suggest } from '../../lib/suggest.ts';
import { PR001 } from './pr001-schema.ts';
import { PR002 } from './pr002-static-twice.ts';
import { PR003 } from './pr003-outside-range.ts';
import { PR004 } from './pr004-ranges-overlap.ts';
import { PR005 } from './pr005-ephemeral.ts';
import { PR006 } from './pr006-privileged.ts';
import { PR007 } from './pr007-blocked-by-browsers.ts';
import { PR008 } from './pr008-well-known.ts';
import { PR009 } from './pr009-room.ts';
import { PR010 } from './pr010-unknown-name.ts';
import { PR011 } from './pr011-access.ts';
import { PR012 } from './pr012-cycle.ts';
import { PR013 } from './pr013-host-names.ts';
import { PR014 } from './pr014-variables.ts';
import { PR015 } from './pr015-handoff-readiness.ts';
import { PR016 } from './pr016-pinned-target.ts';
import { PR017 } from './pr017-drain.ts';
import { PR018 } from './pr018-private-host.ts';
import { PR019 } from './pr019-open-to-all.ts';
import { PR020 } from './pr020-stale-reservation.ts';
import { PR021 } from './pr021-literal-port.ts';
import { PR022 } from './pr022-disagreement.ts';
import { PR024 } from './pr024-compose-collisions.ts';
import { PR025 } from './pr025-secrets.ts';
import { PR026 } from './pr026-unresolved.ts';
import { PR027 } from './pr027-reassign.ts';
import { PR028 } from './pr028-port-flag.ts';
import { PR029 } from './pr029-turbo-strict.ts';
import { PR030 } from './pr030-held-port.ts';
import { PR031 } from './pr031-published-ports.ts';
import { PR032 } from './pr032-lost-port.ts';
import { PR033 } from './pr033-bare-variable.ts';
import type { Rule } from './rule.ts';

export const RULES: readonly Rule[] = [
  PR001,
  PR002,
  PR003,
  PR004,
  PR005,
  PR006,
  PR007,
  PR008,
  PR009,
  PR010,
  PR011,
  PR012,
  PR013,
  PR014,
  PR015,
  PR016,
  PR017,
  PR018,
  PR019,
  PR020,
  PR021,
  PR022,
  PR024,
  PR025,
  PR026,
  PR027,
  PR028,
  PR029,
  PR030,
  PR031,
  PR032,
  PR033,
];

export const ruleOf = (id: string): Rule | undefined => RULES.find((rule) => rule.id === id.toUpperCase());

export const suggestRule = (id: string): string | undefined =>
  suggest(
    id.toUpperCase(),
    RULES.map((rule) => rule.id),
  );
