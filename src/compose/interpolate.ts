/** Variables in the values of a Compose file (Compose specification, 12-interpolation). Pure. */

export type Variables = Readonly<Record<string, string | undefined>>;

export type Interpolated = { readonly value: string } | { readonly problem: string };

const TOKEN = /\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])([^{}$]*))?\})/g;

/**
 * Expands `$VAR`, `${VAR}` and the forms with `:-`, `-`, `:?`, `?`, `:+` and `+`, not nested ones. An unset variable is
 * empty, as in Compose; `$$` stays as it is, because `config` writes it that way too.
 */
export function interpolate(text: string, variables: Variables): Interpolated {
  let problem: string | undefined;
  const value = text.replace(
    TOKEN,
    (whole, dollar?: string, bare?: string, braced?: string, operator?: string, operand = '') => {
      if (dollar !== undefined) return whole;
      const name = bare ?? braced ?? '';
      const found = variables[name];
      const isSet = found !== undefined && (found !== '' || !(operator ?? '').startsWith(':'));
      switch (operator?.at(-1)) {
        case '-':
          return isSet ? found : operand;
        case '+':
          return isSet ? operand : '';
        case '?':
          if (!isSet) problem ??= `the variable ${name} is not set: ${operand || 'it is required'}`;
          return found ?? '';
        default:
          return found ?? '';
      }
    },
  );
  const rest = text.replace(TOKEN, '');
  if (problem === undefined && rest.includes('$')) problem = `cannot expand "${text}"`;
  return problem === undefined ? { value } : { problem };
}
