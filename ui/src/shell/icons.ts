// One icon per screen, the same wherever it is named.

import Activity from '@lucide/svelte/icons/activity';
import Bell from '@lucide/svelte/icons/bell';
import Boxes from '@lucide/svelte/icons/boxes';
import Braces from '@lucide/svelte/icons/braces';
import Flame from '@lucide/svelte/icons/flame';
import FlaskConical from '@lucide/svelte/icons/flask-conical';
import KeyRound from '@lucide/svelte/icons/key-round';
import LayoutDashboard from '@lucide/svelte/icons/layout-dashboard';
import Link2 from '@lucide/svelte/icons/link-2';
import Rocket from '@lucide/svelte/icons/rocket';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Server from '@lucide/svelte/icons/server';
import SlidersHorizontal from '@lucide/svelte/icons/sliders-horizontal';
import Timer from '@lucide/svelte/icons/timer';
import type { PagePath } from '../pages.ts';

export const PAGE_ICONS: Record<PagePath, typeof Activity> = {
  '/': LayoutDashboard,
  '/requests': Activity,
  '/affinities': Link2,
  '/cache': Flame,
  '/ttl': Timer,
  '/models': Boxes,
  '/accounts': Server,
  '/keys': KeyRound,
  '/lab': FlaskConical,
  '/alerts': Bell,
  '/audit': ScrollText,
  '/settings': SlidersHorizontal,
  '/explorer': Braces,
  '/start': Rocket,
};
