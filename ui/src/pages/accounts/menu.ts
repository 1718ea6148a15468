// What can be done with an account, as the entries of its menu.

import { t } from '../../lib/i18n.svelte.ts';
import { requestsLink } from '../../lib/request-filter.ts';
import { roleHint } from '../../lib/role-hint.ts';
import { goTo, setParams } from '../../lib/route.svelte.ts';
import { session } from '../../lib/session.svelte.ts';
import { type AccountDesk, needsReset } from './desk.svelte.ts';
import type { Account } from './queries.ts';

export function accountMenu(account: Account, desk: AccountDesk) {
  const isAdmin = session.may('ADMIN');
  return [
    { label: t('account.health'), onSelect: () => setParams({ open: account.id }) },
    {
      label: t('account.edit'),
      isDisabled: !isAdmin,
      hint: roleHint('ADMIN'),
      onSelect: () => (desk.dialog = { kind: 'edit', account }),
    },
    {
      label: t('account.reset'),
      isDisabled: !needsReset(account) || !session.may('OPERATOR'),
      hint: roleHint('OPERATOR'),
      onSelect: () => void desk.resetHealth(account),
    },
    { label: t('account.requests'), onSelect: () => goTo(requestsLink({ account: account.id })) },
    {
      label: t('account.bindings'),
      onSelect: () => goTo(`/affinities?account=${encodeURIComponent(account.id)}`),
    },
    {
      label: t('account.delete'),
      isDanger: true,
      isDisabled: !isAdmin,
      hint: roleHint('ADMIN'),
      onSelect: () => (desk.dialog = { kind: 'delete', account }),
    },
  ];
}
