using AgiJobs.Control.Description;
using AgiJobs.Control.Desired;
using AgiJobs.Control.Observation;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;

namespace AgiJobs.Control.Drift;

/// <summary>
/// What the protocol is, held against what the owners want (manifest and catalogue) and against what the changes on file made of it. Immutable; the same for the same block, files and record.
/// </summary>
/// <param name="Network">The network.</param>
/// <param name="State">What was observed.</param>
/// <param name="Items">Everything that was looked at: by module in the description's order.</param>
/// <param name="Problems">What of the record could not be read.</param>
public sealed record DriftReport(string Network, ProtocolState State, IReadOnlyList<DriftItem> Items, IReadOnlyList<string> Problems)
{
    /// <summary>What is otherwise or unknown: the gravest first.</summary>
    public IReadOnlyList<DriftItem> Open => [.. Items.Where(item => item.Status is DriftStatus.Differs or DriftStatus.Unknown).OrderByDescending(item => item.Risk)];

    /// <summary>5 when anything is unknown, a damaged record included; else 3 when anything is otherwise; else 0.</summary>
    public ExitCode Exit => Count(DriftStatus.Unknown) > 0 || Problems.Count > 0 ? ExitCode.Unknown : Count(DriftStatus.Differs) > 0 ? ExitCode.Findings : ExitCode.Clean;

    /// <summary>How many stand so.</summary>
    public int Count(DriftStatus status) => Items.Count(item => item.Status == status);

    /// <summary>Compares.</summary>
    /// <param name="network">The network.</param>
    /// <param name="state">What was observed, with every parameter and link.</param>
    /// <param name="desired">What is wanted.</param>
    /// <param name="executed">What changes on file made so.</param>
    /// <param name="manifest">The manifest, and the name of its file.</param>
    public static DriftReport Of(string network, ProtocolState state, DesiredState desired, ExecutedState executed, (ManifestFile File, string Name) manifest)
    {
        var items = new List<DriftItem>();
        var links = desired.Links.ToDictionary(entry => entry.Link.FullName, entry => entry.Target, StringComparer.Ordinal);
        var comparison = new Comparison(network, state, executed, manifest.Name);
        foreach (var module in state.Protocol.Modules)
        {
            items.Add(comparison.Code(module, manifest.File.Modules[module.Name].CodeHash));
            if (module.Paused is not null)
            {
                items.Add(comparison.Pause(module));
            }

            if (comparison.Proxy(module) is { } proxy)
            {
                items.Add(proxy);
            }

            items.AddRange(module.Parameters.Select(parameter => comparison.Value(parameter, desired.Values.FirstOrDefault(value => string.Equals(value.Parameter.FullName, parameter.FullName, StringComparison.Ordinal)))));
            items.AddRange(module.Roles.SelectMany(role => comparison.Members(role, desired.Roles.FirstOrDefault(wanted => string.Equals(wanted.Role.FullName, role.FullName, StringComparison.Ordinal)))));
            items.AddRange(module.Links.Select(link => comparison.Link(link, links.TryGetValue(link.FullName, out var target) ? target : null)));
            items.AddRange(ListViews.Of(network, module, state, desired, executed));
        }

        return new DriftReport(network, state, items, executed.Problems);
    }

    private sealed class Comparison(string network, ProtocolState state, ExecutedState executed, string manifest)
    {
        public DriftItem Code(Module module, Bytes32? wanted) =>
            Item(ProtocolView.Code(module), Text(state.Modules[module.Name].CodeHash, hash => hash.ToString()), wanted?.ToString(), wanted is null ? null : $"{manifest}, modules.{module.Name}.codeHash", () => $"agijobs owner system-pause --action pause --network {network}");

        public DriftItem Pause(Module module)
        {
            var paused = state.Modules[module.Name].Paused!;
            var runs = paused.TryGet(out var is_) && !is_;
            return Item(
                ProtocolView.Paused(module),
                Text(paused, ProtocolView.PauseText),
                runs ? null : ProtocolView.PauseText(false),
                runs ? null : "a module runs unless somebody paused it",
                () => $"agijobs owner pause --module {module.Name} {(runs ? "--pause" : "--unpause")} --network {network}");
        }

        public DriftItem? Proxy(Module module)
        {
            var item = new DriftItem { Kind = DriftKind.Proxy, Module = module.Name, Subject = $"implementation behind {module.Name}", Risk = Risk.Red, Status = DriftStatus.Unknown };
            return state.Modules[module.Name].Proxy is not { } reading ? item with { Why = "it was not read" }
                : !reading.TryGet(out var slots) ? item with { Why = reading.Why }
                : slots.IsProxy ? item with { Status = DriftStatus.NotManaged, Is = slots.Implementation?.ToString() ?? $"what the beacon {slots.Beacon} names" }
                : null;
        }

        public DriftItem Value(Parameter parameter, DesiredValue? wanted)
        {
            var view = ProtocolView.Parameter(parameter);
            var now = Text(state.ValueOf(parameter), parameter.Unit.Format);
            var text = wanted is null ? null : parameter.Unit.Format(wanted.Value);
            return Item(view, now, text, wanted?.Source, () => Set(parameter, text ?? executed.Say(view)?.Text));
        }

        public DriftItem Link(Link link, Address? target)
        {
            var now = state.Links.TryGetValue(link.FullName, out var reading) ? Text(reading, to => to.ToString()) : (null, "it was not read");
            return Item(
                ProtocolView.Link(link),
                now,
                target?.ToString(),
                target is null ? null : $"{manifest}, modules.{link.Target}.address",
                () => link.Setter is null ? $"agijobs deploy upgrade {link.Module.Name} --network {network}" : $"agijobs owner update-all --network {network}");
        }

        // Member by member; a role that is unknown is one item.
        public IEnumerable<DriftItem> Members(Role role, DesiredHolders? wanted)
        {
            var view = ProtocolView.Role(role);
            if (!state.HoldersOf(role).TryGet(out var now))
            {
                return [Item(view, (null, state.HoldersOf(role).Why), wanted is null ? null : wanted.Holders.Count == 0 ? "nobody" : string.Join(", ", wanted.Holders.Order()), wanted?.Source, () => null)];
            }

            IReadOnlyList<Address>? made;
            string? by = null;
            try
            {
                made = executed.Find(view) is { } found ? ProtocolView.Holders(role, found.Result) : null;
                by = executed.Find(view)?.Change;
            }
            catch (EthereumException)
            {
                made = null;
            }

            return
            [
                .. now.Concat(wanted?.Holders ?? []).Concat(made ?? []).Where(account => !account.IsZero).Distinct().Order().Select(account =>
                {
                    var holds = now.Contains(account);
                    bool? want = wanted is null ? null : wanted.Holders.Contains(account) ? true : wanted.Retain ? null : false;
                    bool? had = made?.Contains(account);
                    return new DriftItem
                    {
                        Kind = DriftKind.Role,
                        Module = role.Module.Name,
                        Subject = role.FullName,
                        Risk = role.Risk,
                        Status = Status(holds, want, had),
                        Wanted = want is { } should ? ProtocolView.MemberText(account, should) : null,
                        Is = ProtocolView.MemberText(account, holds),
                        Executed = had is { } did ? ProtocolView.MemberText(account, did) : null,
                        ExecutedBy = had is null ? null : by,
                        Source = wanted?.Source,
                        Mend = Status(holds, want, had) == DriftStatus.Differs ? Office(role, account, !holds, wanted) : null,
                        View = ProtocolView.Member(role, account),
                    };
                }),
            ];
        }

        private string? Office(Role role, Address account, bool grants, DesiredHolders? wanted)
        {
            var offered = role.Pending is not null || role.Module.Roles.Any(other => string.Equals(other.Pending, role.Name, StringComparison.Ordinal));
            return offered ? $"agijobs owner rotate --network {network}"
                : !role.IsGranted ? null
                : role.IsSingle ? wanted?.Holders is [var one] ? $"agijobs owner set-roles --allow {role.FullName}={one} --network {network}" : $"agijobs owner update-all --network {network}"
                : $"agijobs owner set-roles {(grants ? "--allow" : "--revoke")} {role.FullName}={account} --network {network}";
        }

        private string? Set(Parameter parameter, string? value) => value is null ? null : $"agijobs owner set '{$"{parameter.FullName}={value}".Replace("'", "'\\''", StringComparison.Ordinal)}' --network {network}";

        private DriftItem Item(ProtocolView view, (string? Is, string? Why) now, string? wanted, string? source, Func<string?> mend)
        {
            var made = executed.Say(view);
            var status = now.Is is null ? DriftStatus.Unknown : Status(now.Is, wanted, made?.Text);
            return new DriftItem
            {
                Kind = view.Kind,
                Module = view.Module.Name,
                Subject = view.Subject,
                Risk = view.Risk,
                Status = status,
                Wanted = wanted,
                Is = now.Is,
                Executed = made?.Text,
                ExecutedBy = made?.Change,
                Source = source,
                Mend = status == DriftStatus.Differs ? mend() : null,
                Why = now.Why,
                View = view,
            };
        }

        private static DriftStatus Status<T>(T now, T? wanted, T? made)
            where T : struct, IEquatable<T> =>
            (wanted ?? made) is not { } meant ? DriftStatus.NotManaged : now.Equals(meant) ? DriftStatus.Agrees : DriftStatus.Differs;

        private static DriftStatus Status(string now, string? wanted, string? made) =>
            (wanted ?? made) is not { } meant ? DriftStatus.NotManaged : string.Equals(now, meant, StringComparison.Ordinal) ? DriftStatus.Agrees : DriftStatus.Differs;

        private static (string? Is, string? Why) Text<T>(Reading<T> reading, Func<T, string> text) => reading.TryGet(out var value) ? (text(value), null) : (null, reading.Why);
    }
}
