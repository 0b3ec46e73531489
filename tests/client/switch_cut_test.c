/* SPDX-License-Identifier: MIT */
#include "client/scenes.h"
#include "client/suites.h"
Suite *cut_suite(void) { return suite_create("cut"); }
