// Expected failures of mutations as data: thrown inside, caught once, returned as `errors`.

import { builder } from './builder.ts';

/** Description of every payload's `errors`. */
export const ERRORS = 'Empty on success.';

export interface UserError extends Partial<InputFault> {
  code: UserErrorCode;
  message: string;
  path: string[] | null;
  retryAfterSeconds: number | null;
}

/** What is wrong with a value that was entered, and by which bounds. */
export interface InputFault {
  problem: InputProblem;
  min?: number;
  max?: number;
}

export const INPUT_PROBLEMS = {
  required: 'It is empty or missing.',
  'too-long': 'More than `max` characters.',
  'too-many': 'More than `max` entries.',
  'not-a-whole-number': 'Not a whole number from `min` to `max`.',
  'not-a-number': 'Not a number from `min` to `max`.',
  'not-above-zero': 'Not a number above 0, up to `max`.',
  'too-small': 'Below `min`, by another setting.',
  'too-large': 'Above `max`, by another setting.',
  'not-below': 'Not below `max`, by another setting.',
  'not-above': 'Not above `min`, by another setting.',
  'control-characters': 'It holds control characters, such as line breaks.',
  'not-printable': 'It holds spaces, or characters that are not printable ASCII.',
  'not-an-email': 'Not an e-mail address.',
  'not-an-address-range': 'Not an IP address or CIDR range.',
  'not-a-url': 'Not an http or https URL.',
  'has-password': 'A URL with a user name or password.',
  'has-query': 'A URL with a query or fragment.',
  'private-address': 'A loopback or private address, which the provider does not allow.',
  'needs-https': 'A URL without https, where only that is allowed.',
  'in-the-past': 'A moment that is not in the future.',
} as const;
export type InputProblem = keyof typeof INPUT_PROBLEMS;

const InputProblemRef = builder.enumType('InputProblem', {
  description: 'What is wrong with a value that was entered.',
  values: Object.fromEntries(
    Object.entries(INPUT_PROBLEMS).map(([value, description]) => [
      value.toUpperCase().replaceAll('-', '_'),
      { value: value as InputProblem, description },
    ]),
  ),
});

export const USER_ERROR_CODES = [
  'already-running',
  'in-use',
  'insecure-connection',
  'invalid-setup-token',
  'invalid-url',
  'invalid-value',
  'name-taken',
  'not-a-demo-account',
  'not-found',
  'not-testable',
  'password-too-long',
  'password-too-short',
  'too-many-attempts',
  'version-conflict',
  'wrong-password',
] as const;
type UserErrorCode = (typeof USER_ERROR_CODES)[number];

/** Thrown where a mutation finds that it cannot do what was asked; never reaches the caller as a top-level error. */
export class ExpectedFailure extends Error {
  readonly errors: UserError[];

  constructor(errors: UserError[]) {
    super(errors.map((error) => error.message).join('; '));
    this.name = 'ExpectedFailure';
    this.errors = errors;
  }
}

/** `path` leads from the mutation's arguments to the value at fault. */
export function failure(code: UserErrorCode, message: string, path?: string[]): ExpectedFailure {
  return new ExpectedFailure([{ code, message, path: path ?? null, retryAfterSeconds: null }]);
}

/** The same for a value whose fault programs are told too. */
export function inputFailure(
  code: UserErrorCode,
  message: string,
  fault: InputFault & { path: string[] },
): ExpectedFailure {
  return new ExpectedFailure([{ code, message, retryAfterSeconds: null, ...fault }]);
}

export function notFound(what: string, path: string[]): ExpectedFailure {
  return failure('not-found', `Cannot find ${what}: there is none with this id`, path);
}

/** The mutation's payload: what `work` made, with no errors unless it says so, or `empty` with the expected failures. */
export async function payload<Shape extends object>(
  empty: Shape,
  work: () => Promise<Shape & { errors?: UserError[] }>,
): Promise<Shape & { errors: UserError[] }> {
  try {
    return { errors: [], ...(await work()) };
  } catch (error) {
    if (error instanceof ExpectedFailure) return { ...empty, errors: error.errors };
    throw error;
  }
}

export const UserErrorRef = builder.objectRef<UserError>('UserError').implement({
  description: 'Why a mutation did not do what was asked. The mutation changed nothing.',
  // No admin scope: a refused login is told in these.
  fields: (t) => ({
    code: t.exposeString('code', {
      description:
        'For programs: name-taken, not-found, invalid-value, invalid-url, in-use, version-conflict, too-many-attempts, …',
    }),
    message: t.exposeString('message', { description: 'For people, in English.' }),
    path: t.exposeStringList('path', {
      nullable: true,
      description: 'Leads to the argument at fault, such as ["input", "baseUrl"].',
    }),
    problem: t.field({
      type: InputProblemRef,
      nullable: true,
      description:
        'What is wrong with the value at `path`, for programs; null when only the message says it.',
      resolve: ({ problem }): InputProblem | null => problem ?? null,
    }),
    min: t.float({
      nullable: true,
      description: 'The least that `problem` lets pass, in the unit of the argument; null = none.',
      resolve: ({ min }) => min ?? null,
    }),
    max: t.float({
      nullable: true,
      description:
        'The most that `problem` lets pass, in the unit of the argument, or as characters or entries; null = none.',
      resolve: ({ max }) => max ?? null,
    }),
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      nullable: true,
      description: 'Seconds until the same will be accepted again; null when waiting does not help.',
    }),
  }),
});
