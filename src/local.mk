# SPDX-License-Identifier: Apache-2.0
# One library per folder, in the order of the layers (ARCHITECTURE.md). A folder may use what stands
# above it here; the *_LIBS variables say the same to the linker, and a unit test links only those of
# the layer that it tests.

noinst_LIBRARIES += \
	src/libbase.a src/libmodel.a src/libos.a src/libspec.a src/libsys.a src/libpolicy.a src/libplan.a src/libcgroup.a \
	src/libstate.a src/libhooks.a src/libforward.a src/libaddress.a src/libcriu_swrk.a src/libseccomp_filter.a src/libfacts.a src/libboot.a src/libcontainer.a src/libcli.a

src_libbase_a_SOURCES = \
	src/base/arena.c \
	src/base/arena.h \
	src/base/auto.h \
	src/base/base64.c \
	src/base/base64.h \
	src/base/capabilities.c \
	src/base/capabilities.h \
	src/base/cidr.c \
	src/base/cidr.h \
	src/base/err.c \
	src/base/err.h \
	src/base/fields.h \
	src/base/fields_check.c \
	src/base/fields_check.h \
	src/base/fields_decode.c \
	src/base/fields_decoder.c \
	src/base/fields_decoder.h \
	src/base/fields_encode.c \
	src/base/fields_inherit.c \
	src/base/fields_inherit.h \
	src/base/fields_text.c \
	src/base/fields_text.h \
	src/base/json.c \
	src/base/json.h \
	src/base/json_memory.c \
	src/base/json_memory.h \
	src/base/json_edit.c \
	src/base/json_edit.h \
	src/base/json_out.c \
	src/base/json_out.h \
	src/base/json_tree.c \
	src/base/kernel.h \
	src/base/names.c \
	src/base/names.h \
	src/base/namespaces.c \
	src/base/namespaces.h \
	src/base/path.c \
	src/base/path.h \
	src/base/slice.c \
	src/base/slice.h \
	src/base/pointer.c \
	src/base/pointer.h \
	src/base/str.c \
	src/base/str.h
src_libmodel_a_SOURCES = \
	src/model/annotations.c \
	src/model/annotations.h \
	src/model/confinement.c \
	src/model/confinement.h \
	src/model/decision.c \
	src/model/decision.h \
	src/model/facts.c \
	src/model/facts.h \
	src/model/host_file.h \
	src/model/kernel_fs.c \
	src/model/kernel_fs.h \
	src/model/network.c \
	src/model/network.h \
	src/model/oci_state.c \
	src/model/oci_state.h \
	src/model/process.h \
	src/model/record.c \
	src/model/record.h \
	src/model/words.c \
	src/model/words.h
src_libos_a_SOURCES = \
	src/os/clock.c \
	src/os/clock.h \
	src/os/io.c \
	src/os/io.h \
	src/os/json_file.c \
	src/os/json_file.h \
	src/os/log.c \
	src/os/log.h \
	src/os/system_log.c \
	src/os/system_log.h
src_libspec_a_SOURCES = \
	src/spec/check.c \
	src/spec/check.h \
	src/spec/copy.c \
	src/spec/decode.c \
	src/spec/encode.c \
	src/spec/example.c \
	src/spec/fields_config.c \
	src/spec/fields_linux.c \
	src/spec/fields_process.c \
	src/spec/fields_resources.c \
	src/spec/locate.c \
	src/spec/part.c \
	src/spec/part.h \
	src/spec/namespaces.c \
	src/spec/spec.h \
	src/spec/tables.h \
	src/spec/validate.c \
	src/spec/validate_linux.c \
	src/spec/validate_process.c \
	src/spec/validate_resources.c \
	src/spec/validate_seccomp.c \
	src/spec/validate_sysctl.c
src_libsys_a_SOURCES = \
	src/sys/audit_log.c \
	src/sys/audit_log.h \
	src/sys/beneath.c \
	src/sys/beneath.h \
	src/sys/bpf.c \
	src/sys/bpf.h \
	src/sys/boot_id.c \
	src/sys/boot_id.h \
	src/sys/caller.c \
	src/sys/caller.h \
	src/sys/caps.c \
	src/sys/caps.h \
	src/sys/channel.c \
	src/sys/channel.h \
	src/sys/child.c \
	src/sys/child.h \
	src/sys/deadline.c \
	src/sys/deadline.h \
	src/sys/deliver.c \
	src/sys/deliver.h \
	src/sys/directory.c \
	src/sys/directory.h \
	src/sys/dying.c \
	src/sys/dying.h \
	src/sys/exe_move.c \
	src/sys/exe_move.h \
	src/sys/family.c \
	src/sys/family.h \
	src/sys/helper.c \
	src/sys/helper.h \
	src/sys/holder.c \
	src/sys/holder.h \
	src/sys/host.c \
	src/sys/host.h \
	src/sys/idmap.c \
	src/sys/idmap.h \
	src/sys/locked_directory.c \
	src/sys/locked_directory.h \
	src/sys/mount_api.c \
	src/sys/mount_api.h \
	src/sys/mountinfo.c \
	src/sys/mountinfo.h \
	src/sys/nat_targets.c \
	src/sys/nat_targets.h \
	src/sys/netlink.c \
	src/sys/netlink.h \
	src/sys/netlink_answer.c \
	src/sys/netlink_answer.h \
	src/sys/netlink_request.c \
	src/sys/netlink_request.h \
	src/sys/netlink_filter.c \
	src/sys/netlink_filter.h \
	src/sys/netlink_route.c \
	src/sys/netlink_route.h \
	src/sys/netlink_rule.c \
	src/sys/netlink_rule.h \
	src/sys/netlink_settings.c \
	src/sys/netlink_settings.h \
	src/sys/netns_sockets.c \
	src/sys/nftables.c \
	src/sys/nftables.h \
	src/sys/nftables_message.h \
	src/sys/nftables_rule.c \
	src/sys/netns_sockets.h \
	src/sys/nsfd.c \
	src/sys/nsfd.h \
	src/sys/peer.c \
	src/sys/peer.h \
	src/sys/proc_status.c \
	src/sys/proc_status.h \
	src/sys/procfs.c \
	src/sys/procfs.h \
	src/sys/refused.c \
	src/sys/refused.h \
	src/sys/self_exe.c \
	src/sys/self_exe.h \
	src/sys/signals.c \
	src/sys/signals.h \
	src/sys/spawn.c \
	src/sys/spawn.h \
	src/sys/trusted.c \
	src/sys/trusted.h
src_libpolicy_a_SOURCES = \
	src/policy/audit.c \
	src/policy/audit.h \
	src/policy/checks.c \
	src/policy/checks_groups.c \
	src/policy/checks.h \
	src/policy/decisions.c \
	src/policy/decode.c \
	src/policy/difference.c \
	src/policy/difference.h \
	src/policy/edit.c \
	src/policy/edit.h \
	src/policy/engine.c \
	src/policy/engine.h \
	src/policy/glob.c \
	src/policy/glob.h \
	src/policy/host_files.c \
	src/policy/host_files.h \
	src/policy/host_hooks.h \
	src/policy/judge.c \
	src/policy/kernel_mounts.h \
	src/policy/keys.c \
	src/policy/keys.h \
	src/policy/keys_network.def \
	src/policy/keys_policy.def \
	src/policy/networks.c \
	src/policy/place.c \
	src/policy/place.h \
	src/policy/policy.h \
	src/policy/resolver.c \
	src/policy/resolver.h \
	src/policy/rules.h \
	src/policy/rules_annotations.c \
	src/policy/rules_capabilities.c \
	src/policy/rules_cgroup.c \
	src/policy/rules_cgroup_parent.c \
	src/policy/rules_confinement.c \
	src/policy/rules_hooks.c \
	src/policy/rules_address.c \
	src/policy/rules_forward.c \
	src/policy/rules_hostname.c \
	src/policy/rules_kernel_mounts.c \
	src/policy/rules_kernel_types.c \
	src/policy/rules_mounts.c \
	src/policy/rules_namespaces.c \
	src/policy/rules_network.c \
	src/policy/rules_network_change.c \
	src/policy/rules_networks.c \
	src/policy/rules_privileged.c \
	src/policy/rules_share.c \
	src/policy/rules_systemd.c \
	src/policy/rules_user.c \
	src/policy/select.c \
	src/policy/sysctl.c \
	src/policy/sysctl.h \
	src/policy/values.c \
	src/policy/values.h
src_libplan_a_SOURCES = \
	src/plan/capabilities.c \
	src/plan/cgroup.c \
	src/plan/cgroup_path.c \
	src/plan/context.h \
	src/plan/cpu_weight.c \
	src/plan/device_rules.c \
	src/plan/devices.c \
	src/plan/fields.c \
	src/plan/fields.h \
	src/plan/fields_cgroup.c \
	src/plan/fields_mounts.c \
	src/plan/fields_process.c \
	src/plan/gvariant.c \
	src/plan/handler.c \
	src/plan/hooks.c \
	src/plan/hooks.h \
	src/plan/host_mounts.c \
	src/plan/ids.c \
	src/plan/kept.c \
	src/plan/kept.h \
	src/plan/kernel_mounts.c \
	src/plan/label.c \
	src/plan/make.c \
	src/plan/make.h \
	src/plan/mount_idmap.c \
	src/plan/mount_options.c \
	src/plan/mounts.c \
	src/plan/namespaces.c \
	src/plan/paths.c \
	src/plan/plan.h \
	src/plan/print.c \
	src/plan/print.h \
	src/plan/process.c \
	src/plan/rdt.c \
	src/plan/resources.c \
	src/plan/resources.h \
	src/plan/resources_merge.c \
	src/plan/resources_writer.c \
	src/plan/resources_writer.h \
	src/plan/rlimits.c \
	src/plan/scheduling.c \
	src/plan/seccomp.c \
	src/plan/seccomp.h \
	src/plan/state.c \
	src/plan/state.h \
	src/plan/systemd.c \
	src/plan/systemd.h \
	src/plan/systemd_devices.c \
	src/plan/systemd_limits.c \
	src/plan/text.c \
	src/plan/warnings.c
src_libcgroup_a_SOURCES = \
	src/cgroup/cgroup.h \
	src/cgroup/apart.c \
	src/cgroup/apart.h \
	src/cgroup/claim.c \
	src/cgroup/controllers.c \
	src/cgroup/create.c \
	src/cgroup/enter.c \
	src/cgroup/delegate.c \
	src/cgroup/device_attach.c \
	src/cgroup/device_program.c \
	src/cgroup/device_program.h \
	src/cgroup/freeze.c \
	src/cgroup/freeze.h \
	src/cgroup/kill.c \
	src/cgroup/limits.c \
	src/cgroup/make.c \
	src/cgroup/make.h \
	src/cgroup/hindrance.c \
	src/cgroup/mark.c \
	src/cgroup/mark.h \
	src/cgroup/oom.c \
	src/cgroup/own.c \
	src/cgroup/own.h \
	src/cgroup/owners.c \
	src/cgroup/parent.c \
	src/cgroup/record.c \
	src/cgroup/record.h \
	src/cgroup/realtime.c \
	src/cgroup/remove.c \
	src/cgroup/stats.c \
	src/cgroup/stats.h \
	src/cgroup/stats_pressure.c \
	src/cgroup/stats_rdt.c \
	src/cgroup/resctrl.c \
	src/cgroup/resctrl.h \
	src/cgroup/systemd.c \
	src/cgroup/systemd.h \
	src/cgroup/systemd_bus.c \
	src/cgroup/systemd_bus.h \
	src/cgroup/systemd_library.c \
	src/cgroup/systemd_library.h \
	src/cgroup/systemd_parent.c \
	src/cgroup/tree.c \
	src/cgroup/tree.h
src_libstate_a_SOURCES = \
	src/state/content.c \
	src/state/content.h \
	src/state/process.c \
	src/state/record.c \
	src/state/record.h \
	src/state/ids.c \
	src/state/ids.h \
	src/state/ids_find.c \
	src/state/ids_parts.h \
	src/state/living.c \
	src/state/registry.c \
	src/state/registry.h \
	src/state/registry_entries.c \
	src/state/registry_parts.h \
	src/state/registry_read.c \
	src/state/state.c \
	src/state/state.h \
	src/state/store.c
src_libhooks_a_SOURCES = \
	src/hooks/guard.c \
	src/hooks/guard.h \
	src/hooks/hooks.c \
	src/hooks/hooks.h \
	src/hooks/place.c
src_libaddress_a_SOURCES = \
	src/address/address.h \
	src/address/anchor.c \
	src/address/anchor.h \
	src/address/arm.c \
	src/address/assembler.c \
	src/address/assembler.h \
	src/address/bind.c \
	src/address/fence.c \
	src/address/hooks.c \
	src/address/parts.c \
	src/address/parts.h \
	src/address/probe.c \
	src/address/place.c \
	src/address/place.h \
	src/address/pool.c \
	src/address/pool.h \
	src/address/pool_numbers.c \
	src/address/pool_numbers.h \
	src/address/pool_record.c \
	src/address/pool_record.h \
	src/address/programs.h \
	src/address/programs4.c \
	src/address/programs6.c \
	src/address/several.c
src_libforward_a_SOURCES = \
	src/forward/decoy.c \
	src/forward/decoy.h \
	src/forward/decoy_name.h \
	src/forward/forward.h \
	src/forward/hold.c \
	src/forward/hold.h \
	src/forward/link.c \
	src/forward/members.c \
	src/forward/members.h \
	src/forward/ports.c \
	src/forward/ports.h \
	src/forward/routes.c \
	src/forward/routes.h \
	src/forward/rules.c
# not libcriu.a, which would be taken for criu's own library
src_libcriu_swrk_a_SOURCES = \
	src/criu/criu.c \
	src/criu/criu.h \
	src/criu/images.c \
	src/criu/images_filters.c \
	src/criu/images.h \
	src/criu/log.c \
	src/criu/protocol.c \
	src/criu/protocol.h \
	src/criu/wire.c \
	src/criu/wire.h
# not libseccomp.a, which is the name of the library's own archive
src_libseccomp_filter_a_SOURCES = \
	src/seccomp/answer.c \
	src/seccomp/cache.c \
	src/seccomp/compile.c \
	src/seccomp/enosys.c \
	src/seccomp/features.c \
	src/seccomp/fences.c \
	src/seccomp/flow.c \
	src/seccomp/flow.h \
	src/seccomp/join.c \
	src/seccomp/listener.c \
	src/seccomp/load.c \
	src/seccomp/parts.h \
	src/seccomp/program.h \
	src/seccomp/ranges.c
src_libfacts_a_SOURCES = \
	src/facts/address.c \
	src/facts/cgroup.c \
	src/facts/facts.c \
	src/facts/facts.h \
	src/facts/gather.h \
	src/facts/groups.c \
	src/facts/groups.h \
	src/facts/forward.c \
	src/facts/hooks.c \
	src/facts/mounts.c \
	src/facts/ns.c \
	src/facts/parent.c \
	src/facts/policy_file.c \
	src/facts/policy_file.h \
	src/facts/request.c \
	src/facts/resolver.c \
	src/facts/rootfs.c \
	src/facts/security.c \
	src/facts/shares.c \
	src/facts/user.c
src_libboot_a_SOURCES = \
	src/boot/boot.h \
	src/boot/common/attributes.c \
	src/boot/common/attributes.h \
	src/boot/common/birth.c \
	src/boot/common/birth.h \
	src/boot/common/cgroup_view.c \
	src/boot/common/cgroup_view.h \
	src/boot/common/copy_up.c \
	src/boot/common/copy_up.h \
	src/boot/common/descriptors.c \
	src/boot/common/descriptors.h \
	src/boot/common/execute.c \
	src/boot/common/execute.h \
	src/boot/common/filesystem.c \
	src/boot/common/filesystem.h \
	src/boot/common/filter.c \
	src/boot/common/filter.h \
	src/boot/common/group.c \
	src/boot/common/group.h \
	src/boot/common/identity.c \
	src/boot/common/identity.h \
	src/boot/common/identity_check.c \
	src/boot/common/identity_check.h \
	src/boot/common/idmap.c \
	src/boot/common/idmap.h \
	src/boot/common/ids.c \
	src/boot/common/ids.h \
	src/boot/common/joined_mounts.c \
	src/boot/common/joined_mounts.h \
	src/boot/common/kernel_check.c \
	src/boot/common/kernel_check.h \
	src/boot/common/kernel_mounts.c \
	src/boot/common/kernel_mounts.h \
	src/boot/common/look.c \
	src/boot/common/look.h \
	src/boot/common/mask.c \
	src/boot/common/mask.h \
	src/boot/common/mount.c \
	src/boot/common/mount.h \
	src/boot/common/mounts_copy.c \
	src/boot/common/mounts_copy.h \
	src/boot/common/names.c \
	src/boot/common/names.h \
	src/boot/common/overlay.c \
	src/boot/common/overlay.h \
	src/boot/common/peer.c \
	src/boot/common/peer.h \
	src/boot/common/place.c \
	src/boot/common/place.h \
	src/boot/common/power.h \
	src/boot/common/program.c \
	src/boot/common/program.h \
	src/boot/common/rlimits.c \
	src/boot/common/rlimits.h \
	src/boot/common/root.c \
	src/boot/common/root.h \
	src/boot/common/scheduling.c \
	src/boot/common/scheduling.h \
	src/boot/common/session.c \
	src/boot/common/session.h \
	src/boot/common/sources.c \
	src/boot/common/sources.h \
	src/boot/common/sources_send.c \
	src/boot/common/sources_send.h \
	src/boot/common/step.c \
	src/boot/common/step.h \
	src/boot/common/target.c \
	src/boot/common/target.h \
	src/boot/common/terminal.c \
	src/boot/common/terminal.h \
	src/boot/create/create.c \
	src/boot/create/create.h \
	src/boot/create/create_runtime.c \
	src/boot/create/device_nodes.c \
	src/boot/create/device_nodes.h \
	src/boot/create/init.c \
	src/boot/create/init.h \
	src/boot/create/init_devices.c \
	src/boot/create/init_keep.c \
	src/boot/create/init_paths.c \
	src/boot/create/init_root.c \
	src/boot/create/init_start.c \
	src/boot/create/init_threads.c \
	src/boot/create/links.c \
	src/boot/create/links.h \
	src/boot/exec/exec.c \
	src/boot/exec/exec.h \
	src/boot/exec/exec_runtime.c \
	src/boot/exec/joiner.c \
	src/boot/exec/joiner.h \
	src/boot/mounts/mounter.c \
	src/boot/mounts/mounter.h \
	src/boot/mounts/mounter_kernel.c \
	src/boot/mounts/mounts.c \
	src/boot/mounts/mounts.h \
	src/boot/mounts/mounts_runtime.c \
	src/boot/protocol.h \
	src/boot/record/address.c \
	src/boot/record/address.h \
	src/boot/record/forward.c \
	src/boot/record/forward.h \
	src/boot/record/hooks.c \
	src/boot/record/hooks.h \
	src/boot/record/network_look.c \
	src/boot/record/network_look.h \
	src/boot/record/record.c \
	src/boot/record/record.h \
	src/boot/record/running.c \
	src/boot/record/running.h \
	src/boot/record/runtime_hooks.c \
	src/boot/record/runtime_hooks.h \
	src/boot/restore/criu_side.c \
	src/boot/restore/criu_side.h \
	src/boot/restore/made.c \
	src/boot/restore/made.h \
	src/boot/restore/request.c \
	src/boot/restore/restore.c \
	src/boot/restore/restore.h \
	src/boot/restore/restore_runtime.c \
	src/boot/start/start.c
src_libcontainer_a_SOURCES = \
	src/container/checkpoint.c \
	src/container/container.h \
	src/container/create.c \
	src/container/create.h \
	src/container/criu_config.c \
	src/container/criu_mounts.c \
	src/container/criu_mounts.h \
	src/container/criu_options.c \
	src/container/criu_options.h \
	src/container/delete.c \
	src/container/environment.c \
	src/container/environment.h \
	src/container/events.c \
	src/container/exec.c \
	src/container/exec_process.c \
	src/container/exec_process.h \
	src/container/find.c \
	src/container/forwarding.c \
	src/container/input.c \
	src/container/input.h \
	src/container/kill.c \
	src/container/matching.c \
	src/container/mounts.c \
	src/container/notify.c \
	src/container/notify.h \
	src/container/outside.c \
	src/container/pause.c \
	src/container/policy_test.c \
	src/container/policy_test.h \
	src/container/preview.c \
	src/container/processes.c \
	src/container/processes.h \
	src/container/recorded.c \
	src/container/recorded.h \
	src/container/records.c \
	src/container/records.h \
	src/container/report.c \
	src/container/report.h \
	src/container/restore.c \
	src/container/run.c \
	src/container/running.c \
	src/container/running.h \
	src/container/signals.c \
	src/container/signals.h \
	src/container/terminal.c \
	src/container/terminal.h \
	src/container/update.c \
	src/container/update_options.c \
	src/container/view.c
src_libcli_a_SOURCES = \
	src/cli/cli.h \
	src/cli/cmd_checkpoint.c \
	src/cli/cmd_create.c \
	src/cli/cmd_delete.c \
	src/cli/cmd_exec.c \
	src/cli/cmd_events.c \
	src/cli/cmd_explain.c \
	src/cli/cmd_features.c \
	src/cli/cmd_forwarding.c \
	src/cli/cmd_json.c \
	src/cli/cmd_kill.c \
	src/cli/cmd_list.c \
	src/cli/cmd_members.c \
	src/cli/cmd_mounts.c \
	src/cli/cmd_pause.c \
	src/cli/cmd_policy.c \
	src/cli/cmd_ps.c \
	src/cli/cmd_spec.c \
	src/cli/cmd_start.c \
	src/cli/cmd_state.c \
	src/cli/cmd_update.c \
	src/cli/commands.c \
	src/cli/commands.def \
	src/cli/completion.c \
	src/cli/global.c \
	src/cli/hints.c \
	src/cli/output.c \
	src/cli/parse.c \
	src/cli/policy_diff.c \
	src/cli/policy_diff.h \
	src/cli/remedies.c \
	src/cli/remedies.h \
	src/cli/usage.c \
	src/cli/version.c

BASE_LIBS = src/libbase.a $(YAJL_LIBS)
MODEL_LIBS = src/libmodel.a $(BASE_LIBS)
SPEC_LIBS = src/libspec.a $(MODEL_LIBS)
POLICY_LIBS = src/libpolicy.a $(SPEC_LIBS)
PURE_LIBS = src/libplan.a $(POLICY_LIBS)
SYS_LIBS = src/libsys.a src/libos.a $(BASE_LIBS) $(CAP_LIBS)
PLAN_LIBS = src/libplan.a src/libpolicy.a src/libspec.a src/libmodel.a $(SYS_LIBS)
CGROUP_LIBS = src/libcgroup.a $(PLAN_LIBS)
STATE_LIBS = src/libstate.a $(PLAN_LIBS)
HOOKS_LIBS = src/libhooks.a $(PLAN_LIBS)
CRIU_LIBS = src/libcriu_swrk.a $(SYS_LIBS)
FILTER_LIBS = src/libseccomp_filter.a $(PLAN_LIBS) $(SECCOMP_LIBS)
FACTS_LIBS = src/libfacts.a src/libaddress.a src/libcriu_swrk.a src/libhooks.a src/libstate.a src/libcgroup.a $(FILTER_LIBS)
BOOT_LIBS = src/libboot.a src/libforward.a $(FACTS_LIBS)
CONTAINER_LIBS = src/libcontainer.a $(BOOT_LIBS)
CLI_LIBS = src/libcli.a $(CONTAINER_LIBS)

bin_PROGRAMS += distro-shim
distro_shim_SOURCES = src/main.c
distro_shim_LDADD = $(CLI_LIBS)
