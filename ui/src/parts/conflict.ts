// What somebody else has changed while a form was open. Pure.

export interface Difference<Name extends string = string> {
  name: Name;
  /** As the form was opened with. */
  before: unknown;
  /** As it is by now. */
  present: unknown;
  /** The form changed it too: saving over would undo the other's work. */
  isMine: boolean;
}

/**
 * The fields that are not as they were when the form was opened. Fields that both sides changed to the same value are none:
 * there is nothing to choose.
 */
export function differences<Form extends object, Name extends keyof Form & string>(
  names: readonly Name[],
  { before, present, mine }: { before: Form; present: Form; mine: Form },
): Difference<Name>[] {
  return names.flatMap((name) => {
    const isSame = Object.is(before[name], present[name]) || Object.is(mine[name], present[name]);
    if (isSame) return [];
    const isMine = !Object.is(mine[name], before[name]);
    return [{ name, before: before[name], present: present[name], isMine }];
  });
}

/** What there is by now, when a change was refused because somebody else had saved; null = it was not, or not for that. */
export function presentOf<Entity>(errors: readonly { code: string }[], entity: Entity | null): Entity | null {
  return errors[0]?.code === 'version-conflict' ? entity : null;
}
