# SPDX-License-Identifier: Apache-2.0
# The tests. `make check` runs what needs no root: unit and golden. What needs root runs in a private
# machine (tests/world) through tests/check, which does everything.

# Each test is one program of one file, linked with the libraries that its layer may use. Those in
# tests/root, and any whose opening comment has a line "world: legacy hybrid v2", are world_tests and run
# in those private machines (default: hybrid).
unit_tests = \
	tests/unit/test_address_pool \
	tests/unit/test_annotations \
	tests/unit/test_audit \
	tests/unit/test_base \
	tests/unit/test_beneath \
	tests/unit/test_cgroup \
	tests/unit/test_cgroup_control \
	tests/unit/test_cgroup_end \
	tests/unit/test_cidr \
	tests/unit/test_cli \
	tests/unit/test_cli_global \
	tests/unit/test_cli_texts \
	tests/unit/test_criu \
	tests/unit/test_criu_images \
	tests/unit/test_engine_words \
	tests/unit/test_deadline \
	tests/unit/test_dying \
	tests/unit/test_exec \
	tests/unit/test_device_program \
	tests/unit/test_facts \
	tests/unit/test_fences \
	tests/unit/test_fields \
	tests/unit/test_fields_values \
	tests/unit/test_fields_rows \
	tests/unit/test_fields_text \
	tests/unit/test_foreground \
	tests/unit/test_forward \
	tests/unit/test_host_files \
	tests/unit/test_identity \
	tests/unit/test_ids \
	tests/unit/test_input \
	tests/unit/test_io \
	tests/unit/test_json \
	tests/unit/test_json_edit \
	tests/unit/test_json_out \
	tests/unit/test_json_refused \
	tests/unit/test_kill_delete \
	tests/unit/test_kernel_mounts \
	tests/unit/test_kept \
	tests/unit/test_log \
	tests/unit/test_ownership \
	tests/unit/test_namespaces \
	tests/unit/test_path \
	tests/unit/test_plan \
	tests/unit/test_plan_cgroup \
	tests/unit/test_plan_devices \
	tests/unit/test_plan_golden \
	tests/unit/test_plan_mount_options \
	tests/unit/test_plan_mounts \
	tests/unit/test_plan_namespaces \
	tests/unit/test_plan_process \
	tests/unit/test_plan_resources \
	tests/unit/test_plan_systemd \
	tests/unit/test_policy \
	tests/unit/test_policy_difference \
	tests/unit/test_policy_docs \
	tests/unit/test_policy_file \
	tests/unit/test_policy_golden \
	tests/unit/test_policy_keys \
	tests/unit/test_policy_properties \
	tests/unit/test_policy_rules \
	tests/unit/test_policy_groups \
	tests/unit/test_policy_select \
	tests/unit/test_policy_verdict \
	tests/unit/test_remedies \
	tests/unit/test_procfs \
	tests/unit/test_pure \
	tests/unit/test_records \
	tests/unit/test_registry \
	tests/unit/test_replay \
	tests/unit/test_resolver \
	tests/unit/test_resources_merge \
	tests/unit/test_resctrl \
	tests/unit/test_schema \
	tests/unit/test_seccomp \
	tests/unit/test_seccomp_arch \
	tests/unit/test_seccomp_cache \
	tests/unit/test_seccomp_load \
	tests/unit/test_seccomp_ranges \
	tests/unit/test_self_exe \
	tests/unit/test_shown \
	tests/unit/test_spawn \
	tests/unit/test_spec \
	tests/unit/test_spec_rules \
	tests/unit/test_spec_types \
	tests/unit/test_state \
	tests/unit/test_state_content \
	tests/unit/test_state_process \
	tests/unit/test_state_records \
	tests/unit/test_state_removal \
	tests/unit/test_state_roots \
	tests/unit/test_sys
world_tests = \
	tests/root/test_address_arm_root \
	tests/root/test_address_hostile_root \
	tests/root/test_address_place_root \
	tests/root/test_address_fence_root \
	tests/root/test_address_root \
	tests/root/test_address_several_root \
	tests/root/test_cgroup_kill_root \
	tests/root/test_cgroup_root \
	tests/root/test_detach_root \
	tests/root/test_nat_targets_root \
	tests/root/test_netlink_root \
	tests/root/test_routed_root

# test data and helpers that are not a program
tests_headers = \
	tests/root/address_root.h \
	tests/root/cgroup_root.h \
	tests/root/routed_root.h \
	tests/unit/bpf.h \
	tests/unit/bpf_compare.h \
	tests/unit/cgroup_files.h \
	tests/unit/fields_hash.h \
	tests/unit/fields_sample.h \
	tests/unit/files.h \
	tests/unit/json_text.h \
	tests/unit/judge.h \
	tests/unit/load.h \
	tests/unit/made_file.h \
	tests/unit/parsed.h \
	tests/unit/plan_fixture.h \
	tests/unit/plan_mounts.h \
	tests/unit/policy_example.h \
	tests/unit/policy_generate.h \
	tests/unit/policy_generate_facts.h \
	tests/unit/policy_generate_policy.h \
	tests/unit/policy_oracles.h \
	tests/unit/policy_oracles_mounts.h \
	tests/unit/policy_oracles_network.h \
	tests/unit/policy_properties.h \
	tests/unit/policy_selection.h \
	tests/unit/policy_shrink.h \
	tests/unit/scene.h \
	tests/unit/seccomp_fixture.h \
	tests/unit/spec_files.h \
	tests/unit/state_fixture.h

tests_unit_test_address_pool_LDADD = src/libaddress.a $(SYS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_annotations_LDADD = $(CONTAINER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_audit_LDADD = $(POLICY_LIBS) $(CMOCKA_LIBS)
tests_unit_test_base_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_beneath_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cgroup_LDADD = $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cgroup_control_LDADD = $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cgroup_end_LDADD = $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cidr_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cli_LDADD = $(CLI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cli_global_LDADD = $(CLI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_cli_texts_LDADD = $(CLI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_criu_LDADD = $(CRIU_LIBS) $(CMOCKA_LIBS)
tests_unit_test_criu_images_LDADD = $(CRIU_LIBS) $(CMOCKA_LIBS)
tests_unit_test_engine_words_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_deadline_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_exec_LDADD = $(CONTAINER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_device_program_LDADD = $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_facts_LDADD = $(FACTS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_fences_LDADD = $(FILTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_fields_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_fields_values_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_fields_rows_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_fields_text_LDADD = $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_foreground_LDADD = $(CONTAINER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_forward_LDADD = src/libforward.a $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_host_files_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_identity_LDADD = $(CONTAINER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_input_LDADD = $(CONTAINER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_io_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_json_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_json_edit_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_json_out_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_json_refused_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_kill_delete_LDADD = $(CONTAINER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_kernel_mounts_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_kept_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_namespaces_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_log_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_path_LDADD = src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_cgroup_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_devices_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_golden_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_mount_options_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_mounts_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_namespaces_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_process_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_resources_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_plan_systemd_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_resources_merge_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_difference_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_docs_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_file_LDADD = $(FACTS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_resolver_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_golden_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_keys_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_properties_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_rules_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_groups_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_select_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_remedies_LDADD = $(CLI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_policy_verdict_LDADD = $(POLICY_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_dying_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_ownership_LDADD = $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_procfs_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_pure_LDADD = $(PURE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_records_LDADD = $(CONTAINER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_ids_LDADD = $(STATE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_registry_LDADD = $(STATE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_replay_LDADD = $(CLI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_resctrl_LDADD = $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_schema_LDADD = $(SPEC_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_seccomp_LDADD = $(FILTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_seccomp_arch_LDADD = $(FILTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_seccomp_cache_LDADD = $(FILTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_seccomp_load_LDADD = $(FILTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_seccomp_ranges_LDADD = $(FILTER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_self_exe_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_shown_LDADD = $(PLAN_LIBS) $(CMOCKA_LIBS)
tests_unit_test_spec_LDADD = $(SPEC_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_spec_rules_LDADD = $(SPEC_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_spec_types_LDADD = $(SPEC_LIBS) src/libos.a $(BASE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_state_LDADD = $(STATE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_state_content_LDADD = $(STATE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_state_process_LDADD = $(STATE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_state_records_LDADD = $(STATE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_state_removal_LDADD = $(STATE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_state_roots_LDADD = $(STATE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_spawn_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sys_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_root_test_address_arm_root_LDADD = src/libaddress.a $(SYS_LIBS) $(CMOCKA_LIBS)
# what calls the kernel is counted
tests_root_test_address_arm_root_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
tests_root_test_address_hostile_root_LDADD = src/libaddress.a $(SYS_LIBS) $(CMOCKA_LIBS)
tests_root_test_address_place_root_LDADD = src/libaddress.a $(SYS_LIBS) $(CMOCKA_LIBS)
tests_root_test_address_fence_root_LDADD = src/libaddress.a $(SYS_LIBS) $(CMOCKA_LIBS)
tests_root_test_address_root_LDADD = src/libaddress.a $(SYS_LIBS) $(CMOCKA_LIBS)
tests_root_test_address_several_root_LDADD = src/libaddress.a $(SYS_LIBS) $(CMOCKA_LIBS)
tests_root_test_cgroup_kill_root_LDADD = $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_root_test_cgroup_root_LDADD = $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_root_test_detach_root_LDADD = src/libaddress.a $(CGROUP_LIBS) $(CMOCKA_LIBS)
tests_root_test_nat_targets_root_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_root_test_netlink_root_LDADD = $(SYS_LIBS) $(CMOCKA_LIBS)
tests_root_test_routed_root_LDADD = src/libforward.a $(PLAN_LIBS) $(SYS_LIBS) $(CMOCKA_LIBS)

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests) $(world_tests)
TESTS += $(unit_tests)
else
check-local:
	@echo "make check needs cmocka 1.1.5 or later; install it and run configure again:" >&2
	@echo "  Debian: apt-get install libcmocka-dev" >&2
	@echo "  Fedora: dnf install libcmocka-devel" >&2
	@echo "  Alpine: apk add cmocka-dev" >&2
	@exit 1
endif

AM_TESTS_ENVIRONMENT = \
	DISTRO_SHIM='$(abs_top_builddir)/distro-shim'; export DISTRO_SHIM; \
	DISTRO_SHIM_SOURCE='$(abs_top_srcdir)'; export DISTRO_SHIM_SOURCE; \
	DISTRO_SHIM_BUILD='$(abs_top_builddir)'; export DISTRO_SHIM_BUILD;

# tests/check asks for the names, so that they are written down once
list-unit-tests:
	@for t in $(unit_tests); do echo $$t; done
list-world-tests:
	@for t in $(world_tests); do echo $$t; done
list-fuzz-targets:
	@for t in $(fuzz_targets); do echo $$t; done

# what is written from the keys and rules of src/policy/; the test itself says where they differ
policy-docs: tests/unit/test_policy_docs
	DISTRO_SHIM_SOURCE='$(abs_top_srcdir)' UPDATE_GOLDEN=1 tests/unit/test_policy_docs
.PHONY: policy-docs

# ---- fuzzing: ./configure CC=clang --enable-fuzzing && make fuzz [FUZZ_RUNS=N]

fuzz_targets = \
	tests/fuzz/fuzz_annotations \
	tests/fuzz/fuzz_bpf \
	tests/fuzz/fuzz_bundle \
	tests/fuzz/fuzz_cli \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_criu \
	tests/fuzz/fuzz_host \
	tests/fuzz/fuzz_json \
	tests/fuzz/fuzz_netlink \
	tests/fuzz/fuzz_plan \
	tests/fuzz/fuzz_policy \
	tests/fuzz/fuzz_process \
	tests/fuzz/fuzz_resources \
	tests/fuzz/fuzz_seccomp \
	tests/fuzz/fuzz_state \
	tests/fuzz/fuzz_stats
EXTRA_PROGRAMS += $(fuzz_targets)
fuzzer_flags = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_annotations_LDADD = $(PLAN_LIBS)
tests_fuzz_fuzz_annotations_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_bpf_LDADD = $(FILTER_LIBS)
tests_fuzz_fuzz_bpf_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_bundle_LDADD = $(PLAN_LIBS)
tests_fuzz_fuzz_bundle_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_cli_LDADD = $(CLI_LIBS)
tests_fuzz_fuzz_cli_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_config_LDADD = $(SPEC_LIBS)
tests_fuzz_fuzz_config_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_criu_LDADD = $(CRIU_LIBS)
tests_fuzz_fuzz_criu_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_host_LDADD = $(FACTS_LIBS)
tests_fuzz_fuzz_host_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_json_LDADD = $(BASE_LIBS)
tests_fuzz_fuzz_json_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_netlink_LDADD = $(SYS_LIBS)
tests_fuzz_fuzz_netlink_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_plan_LDADD = $(PLAN_LIBS)
tests_fuzz_fuzz_plan_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_policy_LDADD = $(POLICY_LIBS)
tests_fuzz_fuzz_policy_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_process_LDADD = $(PLAN_LIBS)
tests_fuzz_fuzz_process_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_resources_LDADD = $(PLAN_LIBS)
tests_fuzz_fuzz_resources_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_seccomp_LDADD = $(FILTER_LIBS)
tests_fuzz_fuzz_seccomp_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_state_LDADD = $(STATE_LIBS)
tests_fuzz_fuzz_state_LDFLAGS = $(fuzzer_flags)
tests_fuzz_fuzz_stats_LDADD = $(CGROUP_LIBS)
tests_fuzz_fuzz_stats_LDFLAGS = $(fuzzer_flags)

if ENABLE_FUZZING
fuzz: $(fuzz_targets)
	DISTRO_SHIM_SOURCE='$(abs_top_srcdir)' $(srcdir)/tests/fuzz/run $(fuzz_targets)
else
fuzz:
	@echo "make fuzz needs: ./configure CC=clang --enable-fuzzing" >&2
	@exit 1
endif
CLEANFILES += $(fuzz_targets)

.PHONY: list-unit-tests list-world-tests list-fuzz-targets fuzz

EXTRA_DIST += $(tests_headers) \
	tests/acceptance tests/bats tests/bench tests/coverage tests/data tests/engines tests/fault tests/golden tests/schema tests/lint tests/soak \
	tests/fuzz/run tests/fuzz/corpus tests/fuzz/annotations.dict tests/fuzz/bundle.dict tests/fuzz/cli.dict \
	tests/fuzz/config.dict tests/fuzz/host.dict tests/fuzz/json.dict tests/fuzz/plan.dict tests/fuzz/policy.dict \
	tests/fuzz/process.dict tests/fuzz/resources.dict tests/fuzz/stats.dict \
	tests/check tests/same tests/vm tests/world tests/world-selftest
