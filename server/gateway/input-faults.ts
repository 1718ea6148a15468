// What can be wrong with what was asked for or entered, for programs, and what the words of a check mean by it.

/** By name, with what it means in the API. */
export const INPUT_PROBLEMS = {
  required: 'It is empty or missing.',
  'too-short': 'Fewer than `min` characters.',
  'too-long': 'More than `max` characters.',
  'too-many': 'More than `max` entries.',
  'limit-reached': 'There are `max` already, and no more can be.',
  'not-a-name': 'Not 1 to `max` characters on one line.',
  'not-a-whole-number': 'Not a whole number from `min` to `max`.',
  'not-a-number': 'Not a number from `min` to `max`.',
  'not-above-zero': 'Not a number above 0, up to `max`.',
  'below-zero': 'Not a number of at least 0.',
  'too-small': 'Below `min`, by another setting.',
  'too-large': 'Above `max`, by another setting.',
  'not-below': 'Not below `max`, by another setting.',
  'not-above': 'Not above `min`, by another setting.',
  'control-characters': 'It holds control characters, such as line breaks.',
  'not-printable': 'It holds spaces, or characters that are not printable ASCII.',
  'not-an-email': 'Not an e-mail address.',
  'not-an-address-range': 'Not an IP address or CIDR range.',
  'not-a-host': 'Not a host name or an address without scheme and port.',
  'not-a-date': 'Not a date or a time.',
  'not-a-url': 'Not an http or https URL.',
  'has-password': 'A URL with a user name or password.',
  'has-query': 'A URL with a query or fragment.',
  'private-address': 'A loopback or private address, which the provider does not allow.',
  'needs-https': 'A URL without https, where only that is allowed.',
  'in-the-past': 'A moment that is not in the future.',
  'answered-by-another': 'Another model answers to the name; `detail` = which name, when there are several.',
  'already-mapped': 'The provider has a mapping of the model already.',
  'private-endpoint': 'The endpoint that `detail` names lies in a private network.',
  'without-api-key': 'Of callers without an API key nothing is kept over a restart.',
  'account-does-not-serve': 'The account does not serve the model on the surface.',
  'provider-not-allowed': "The API key may not use the account's provider.",
  'account-does-not-cache': 'The account keeps no bindings.',
  'account-paused': 'The account is paused.',
  'account-disabled': 'The provider refused the credential of the account.',
  'account-resting': 'The account rests for longer than the affinity lives.',
  'provider-without-model': 'The provider of the account has no model.',
  'model-not-mapped': 'The provider of the account does not have the model.',
  'provider-without-endpoint': 'The provider of the account has no endpoint.',
  'credential-for-other-hosts':
    'The credential of the account was given for other hosts than those of the endpoints.',
  'not-served': 'No account serves the model on the surface.',
  'model-not-allowed': 'The API key may not use the model.',
  'no-provider-allowed': 'The API key may use no provider that serves the model.',
  'not-text': 'Not a text: it needs quotes.',
  'not-a-list': 'Not a list.',
  'not-a-block': 'Not a block of keys.',
  'not-true-or-false': 'Neither true nor false.',
  'not-an-option': 'None of the options, which `detail` lists.',
  'unknown-key': 'A key that is not known; `detail` = the one that was probably meant.',
  'holds-unknown-key': 'It has a key that is not known, and that may be a secret.',
  'same-as': 'The same as at the place that `detail` names.',
  'names-another-model': 'The name or an alias of another model.',
  'not-in-text': 'There is none of this name in the text; `detail` = what was probably meant.',
  'key-of-another': 'The key of the API key that `detail` names, which is stored here.',
  'two-ways': 'Both the value and a file that holds it are given.',
  'unreadable-file': 'It names a file that is empty or cannot be read.',
  'broken-reference': 'It has a reference to the environment that is not well-formed.',
  'unset-variable': 'It refers to an environment variable that is not set: `detail`.',
  'unreadable-variable': 'It refers to an environment variable that cannot be read here.',
  'not-json': 'Not valid JSON, or not the JSON that belongs there.',
  'not-channels': 'No list of channels.',
  'not-yaml': 'Not valid YAML.',
  'yaml-alias': 'YAML: an alias names no anchor, or cannot be resolved.',
  'yaml-indent': 'YAML: the indentation does not fit the lines around it.',
  'yaml-tabs': 'YAML: indented with tabs.',
  'yaml-escape': 'YAML: an unknown escape inside double quotes.',
  'yaml-quotes': 'YAML: a text that must be in quotes.',
  'yaml-missing': 'YAML: a quote, bracket, brace, comma or colon is missing.',
  'yaml-same-key': 'YAML: the same key twice in one block.',
  'yaml-documents': 'YAML: more than one document.',
  'yaml-tag': 'YAML: a tag that is not known.',
} as const;
export type InputProblem = keyof typeof INPUT_PROBLEMS;

/** What is wrong, by which bounds, and the name that the words speak of. */
export interface InputFault {
  problem: InputProblem;
  min?: number;
  max?: number;
  detail?: string;
}

/** What the words of a check mean. Filled while the modules load, with as many as there are checks. */
const FAULTS = new Map<string, InputFault>();

/** The words of a check, which will be told with what they mean. */
export function words(text: string, fault: InputFault): string {
  FAULTS.set(text, fault);
  return text;
}

export const LIST = words('must be a list', { problem: 'not-a-list' });
export const FLAG = words('must be true or false', { problem: 'not-true-or-false' });

/** What the words of a check mean; null when only the words say it. */
export function faultOf(text: string): InputFault | null {
  return FAULTS.get(text) ?? null;
}
