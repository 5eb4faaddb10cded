/** Variables in the values of a Compose file (Compose specification, 12-interpolation). Pure. */

export type Variables = Readonly<Record<string, string | undefined>>;

export type Interpolated =
  | {
      readonly value: string;
      /** Variables that are not set and have a say in it; absent where there are none. */
      readonly unset?: readonly string[];
    }
  | { readonly problem: string };

/** A braced expression in two parts: the name, and an operator with what follows. */
const BRACED = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^]*))?$/;

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * Expands `$VAR`, `${VAR}` and the forms with `:-`, `-`, `:?`, `?`, `:+` and `+`, also nested ones. An unset variable is
 * empty. As `config` writes it, every dollar sign of the result is doubled: that of `$$`, one that begins no variable,
 * and those of the variables' values.
 */
export function interpolate(text: string, variables: Variables): Interpolated {
  let value = '';
  const unset: string[] = [];
  for (let index = 0; index < text.length;) {
    const dollar = text.indexOf('$', index);
    value += text.slice(index, dollar === -1 ? undefined : dollar);
    if (dollar === -1) break;
    const next = text[dollar + 1];
    if (next === '{') {
      const end = closingBrace(text, dollar);
      const expanded = end === -1 ? undefined : expandBraced(text.slice(dollar + 2, end), variables);
      if (expanded === undefined) return { problem: `cannot expand "${text}"` };
      if ('problem' in expanded) return expanded;
      value += expanded.value;
      unset.push(...(expanded.unset ?? []));
      index = end + 1;
      continue;
    }
    NAME.lastIndex = dollar + 1;
    const name = NAME.exec(text)?.[0];
    if (name === undefined) value += '$$';
    else if (variables[name] === undefined) unset.push(name);
    else value += escape(variables[name]);
    index = dollar + (name?.length ?? (next === '$' ? 1 : 0)) + 1;
  }
  return unset.length === 0 ? { value } : { value, unset };
}

/** The brace that ends the expression at `start`: braces that nested expressions open are closed first. */
function closingBrace(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    if (text.startsWith('${', index)) {
      depth += 1;
      index += 1;
    } else if (text[index] === '}') {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  return -1;
}

function expandBraced(expression: string, variables: Variables): Interpolated | undefined {
  const [matched, name = '', operator = '', operand = ''] = BRACED.exec(expression) ?? [];
  if (matched === undefined) return undefined;
  const found = variables[name];
  const isSet = found !== undefined && (found !== '' || !operator.startsWith(':'));
  switch (operator.at(-1)) {
    case '-':
      return isSet ? { value: escape(found) } : interpolate(operand, variables);
    case '+':
      return isSet ? interpolate(operand, variables) : { value: '', ...unsetOne(name, found) };
    case '?': {
      if (isSet) return { value: escape(found) };
      const why = interpolate(operand, variables);
      if ('problem' in why) return why;
      return { problem: `the variable ${name} is not set: ${why.value || 'it is required'}` };
    }
    default:
      return { value: escape(found ?? ''), ...unsetOne(name, found) };
  }
}

const unsetOne = (name: string, found: string | undefined): { readonly unset?: readonly string[] } =>
  found === undefined ? { unset: [name] } : {};

const escape = (value: string): string => value.replaceAll('$', '$$$$');
