/**
 * The rules that findings refer to. What each of them means is said in `check/rules`; numbers that are missing
 * here belong to rules of fields that this version does not have.
 */
export const RULE_IDS = [
  'PR001',
  'PR002',
  'PR003',
  'PR004',
  'PR005',
  'PR006',
  'PR007',
  'PR008',
  'PR009',
  'PR010',
  'PR011',
  'PR012',
  'PR013',
  'PR014',
  'PR015',
  'PR016',
  'PR017',
  'PR018',
  'PR019',
  'PR020',
  'PR021',
  'PR022',
  'PR024',
  'PR025',
  'PR026',
  'PR027',
  'PR028',
  'PR029',
  'PR030',
  'PR031',
  'PR032',
  'PR033',
] as const;

/** `portramp dev` refuses all that these find, so they are always errors. */
export const FIXED_RULES = [
  'PR001',
  'PR002',
  'PR009',
  'PR010',
  'PR011',
  'PR012',
  'PR013',
  'PR014',
] as const satisfies readonly RuleId[];

export type RuleId = (typeof RULE_IDS)[number];
