using AgiJobs.Control.Description;
using AgiJobs.Control.Planning;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Control.Desired;

/// <summary>A value that a file wants.</summary>
/// <param name="Parameter">Of what.</param>
/// <param name="Value">The value.</param>
/// <param name="Source">The file and the key that say so.</param>
public sealed record DesiredValue(Parameter Parameter, AbiValue Value, string Source);

/// <summary>The holders that a file wants a role to have.</summary>
/// <param name="Role">The role.</param>
/// <param name="Holders">Who is to hold it.</param>
/// <param name="Retain">True when others may hold it too.</param>
/// <param name="Source">The file and the key that say so.</param>
public sealed record DesiredHolders(Role Role, IReadOnlyList<Address> Holders, bool Retain, string Source);

/// <summary>
/// What the owners want the protocol to be: the manifest and the files of the parameter catalogue together. What no file names is not managed. Links follow from the manifest's addresses.
/// Immutable.
/// </summary>
public sealed class DesiredState
{
    private DesiredState(Protocol protocol, IReadOnlyList<DesiredValue> values, IReadOnlyList<DesiredHolders> roles)
    {
        Protocol = protocol;
        Values = values;
        Roles = roles;
    }

    /// <summary>The protocol.</summary>
    public Protocol Protocol { get; }

    /// <summary>The values, in the description's order.</summary>
    public IReadOnlyList<DesiredValue> Values { get; }

    /// <summary>The roles, in the description's order.</summary>
    public IReadOnlyList<DesiredHolders> Roles { get; }

    /// <summary>The words that sets are to hold.</summary>
    public IReadOnlyList<DesiredWords> Words { get; private init; } = [];

    /// <summary>What is to be on record.</summary>
    public IReadOnlyList<DesiredRecords> Records { get; private init; } = [];

    /// <summary>Where the ENS names of the files are looked up.</summary>
    public IReadOnlyList<NameLookupFile> Names { get; private init; } = [];

    /// <summary>What was added to the files or dropped from them by rule, in words.</summary>
    public IReadOnlyList<string> Notes { get; private init; } = [];

    /// <summary>Where links must point that have a managed module at their end.</summary>
    public IEnumerable<(Link Link, Address Target)> Links => Protocol.Modules.SelectMany(module => module.Links).Where(link => Protocol.Modules.Any(other => string.Equals(other.Name, link.Target, StringComparison.Ordinal))).Select(link => (link, Protocol[link.Target].Address));

    /// <summary>Reads the manifest and every catalogue file that is there.</summary>
    /// <param name="workspace">The workspace.</param>
    /// <param name="network">The network.</param>
    /// <param name="protocol">The protocol at the manifest's addresses.</param>
    /// <exception cref="ControlException">
    /// <c>value-unit</c>, <c>value-format</c>, <c>value-bounds</c>, <c>value-unset</c>, <c>file-format</c>, <c>catalogue-key</c>; <c>desired-twice</c> when two files want different things.
    /// </exception>
    public static DesiredState Load(Workspace workspace, string network, Protocol protocol)
    {
        var (values, roles) = OfManifest(workspace, network, protocol);
        var files = new List<CatalogueFile>();
        foreach (var domain in protocol.Domains.Where(domain => File.Exists(workspace.Locate(CatalogueFile.PathOf(domain, network)))))
        {
            var file = CatalogueFile.Read(workspace, network, protocol, domain);
            files.Add(file);
            values.AddRange(file.Values);
            roles.AddRange(file.Roles);
        }

        foreach (var group in values.GroupBy(value => value.Parameter.FullName, StringComparer.Ordinal))
        {
            if (group.FirstOrDefault(value => !value.Value.Equals(group.First().Value)) is { } other)
            {
                throw Twice(group.Key, $"{group.First().Parameter.Unit.Format(group.First().Value)} by {group.First().Source}", $"{other.Parameter.Unit.Format(other.Value)} by {other.Source}");
            }
        }

        foreach (var group in roles.GroupBy(role => role.Role.FullName, StringComparer.Ordinal))
        {
            if (group.FirstOrDefault(role => !role.Holders.Order().SequenceEqual(group.First().Holders.Order()) || role.Retain != group.First().Retain) is { } other)
            {
                throw Twice(group.Key, $"{string.Join(", ", group.First().Holders)} by {group.First().Source}", $"{string.Join(", ", other.Holders)}{(other.Retain ? " among others" : "")} by {other.Source}");
            }
        }

        var parameters = protocol.Modules.SelectMany(module => module.Parameters).Select(parameter => parameter.FullName).ToList();
        var names = protocol.Modules.SelectMany(module => module.Roles).Select(role => role.FullName).ToList();
        return new DesiredState(protocol, [.. values.DistinctBy(value => value.Parameter.FullName, StringComparer.Ordinal).OrderBy(value => parameters.IndexOf(value.Parameter.FullName))], [.. roles.DistinctBy(role => role.Role.FullName, StringComparer.Ordinal).OrderBy(role => names.IndexOf(role.Role.FullName))])
        {
            Words = [.. files.SelectMany(file => file.Words)],
            Records = [.. files.SelectMany(file => file.Records)],
            Names = [.. files.Select(file => file.Domain.Names).OfType<NameLookupFile>()],
            Notes = [.. files.SelectMany(file => file.Notes)],
        };
    }

    /// <summary>Reads one catalogue file alone.</summary>
    /// <exception cref="ControlException">As <see cref="Load"/>; <c>file-missing</c>.</exception>
    public static DesiredState OfDomain(Workspace workspace, string network, Protocol protocol, DomainFile domain)
    {
        var file = CatalogueFile.Read(workspace, network, protocol, domain);
        return new DesiredState(protocol, file.Values, file.Roles) { Words = file.Words, Records = file.Records, Names = domain.Names is { } names ? [names] : [], Notes = file.Notes };
    }

    /// <summary>The same, with others than those listed staying in every role and every set that a file lists, or in none.</summary>
    public DesiredState Retaining(bool retain) => new(Protocol, Values, [.. Roles.Select(role => role with { Retain = retain })])
    {
        Words = [.. Words.Select(words => words.IsListed ? words with { Retain = retain } : words)],
        Records = Records,
        Names = Names,
        Notes = Notes,
    };

    /// <summary>Puts what is wanted into a draft, except ownership, which is handed over by <c>owner rotate</c> alone.</summary>
    /// <param name="draft">The draft.</param>
    /// <param name="links">True also points links to the manifest's addresses.</param>
    /// <returns>What was left out, in words.</returns>
    public IReadOnlyList<string> AddTo(WaveDraft draft, bool links)
    {
        ArgumentNullException.ThrowIfNull(draft);
        foreach (var value in Values)
        {
            draft.Set(value.Parameter, value.Value);
        }

        var left = AddRolesTo(draft);
        foreach (var (link, target) in links ? Links.Where(entry => entry.Link.Setter is not null) : [])
        {
            draft.Point(link, target);
        }

        return left;
    }

    /// <summary>Puts the role assignments alone into a draft, except ownership.</summary>
    /// <returns>What was left out, in words.</returns>
    public IReadOnlyList<string> AddRolesTo(WaveDraft draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        var left = new List<string>();
        foreach (var role in Roles)
        {
            if (role.Role.Pending is not null || role.Role.Module.Roles.Any(other => string.Equals(other.Pending, role.Role.Name, StringComparison.Ordinal)))
            {
                if (draft.State.HoldersOf(role.Role).TryGet(out var now) && !now.Order().SequenceEqual(role.Holders.Order()))
                {
                    left.Add($"{role.Role.FullName} is {(now.Count == 0 ? "nobody" : string.Join(", ", now))} and {role.Source} wants {(role.Holders.Count == 0 ? "nobody" : string.Join(", ", role.Holders))}: 'agijobs owner rotate' hands it over");
                }

                continue;
            }

            draft.Hold(role.Role, role.Holders, role.Retain);
        }

        return left;
    }

    /// <summary>Reads a value as a file has it; null unsets an address.</summary>
    /// <exception cref="ControlException"><c>value-unset</c>, <c>value-unit</c>, <c>value-format</c>, <c>value-bounds</c>, naming the source.</exception>
    internal static AbiValue Value(Parameter parameter, string? text, string source)
    {
        if (text is null)
        {
            return parameter.Unit.Name == "address" ? Address.Zero : throw new ControlException("value-unset", ExitCode.BadInput, $"{source}: {parameter.FullName} cannot be unset, only addresses can.", $"Write a value as {parameter.Unit.Form}, or leave the key out: what is absent is not managed.");
        }

        try
        {
            return parameter.Parse(text);
        }
        catch (ControlException problem)
        {
            throw new ControlException(problem.Code, problem.Exit, $"{source}: {problem.Message}", problem.Mend, problem);
        }
    }

    /// <summary>Reads a text of a unit, naming the source when it is wrong.</summary>
    internal static AbiValue Read(Unit unit, string text, string source)
    {
        try
        {
            return unit.Parse(text);
        }
        catch (ControlException problem)
        {
            throw new ControlException(problem.Code, problem.Exit, $"{source}: {problem.Message}", problem.Mend, problem);
        }
    }

    private static (List<DesiredValue> Values, List<DesiredHolders> Roles) OfManifest(Workspace workspace, string network, Protocol protocol)
    {
        var path = workspace.ManifestPath(network);
        var name = Path.GetRelativePath(workspace.Root, path);
        var manifest = workspace.Manifest(network);
        var values = new List<DesiredValue>();
        var roles = new List<DesiredHolders>();
        foreach (var module in protocol.Modules)
        {
            var placed = manifest.Modules[module.Name];
            values.AddRange(module.Parameters.Where(parameter => placed.Parameters?.ContainsKey(parameter.Name) == true).Select(parameter => Of(parameter, $"{name}, modules.{module.Name}.parameters.{parameter.Name}")));
            roles.AddRange(module.Roles.Where(role => placed.Roles?.ContainsKey(role.Name) == true).Select(role => new DesiredHolders(role, placed.Roles![role.Name], false, $"{name}, modules.{module.Name}.roles.{role.Name}")));

            DesiredValue Of(Parameter parameter, string source) => new(parameter, Value(parameter, placed.Parameters![parameter.Name].Text, source), source);
        }

        return (values, roles);
    }

    private static ControlException Twice(string what, string first, string second) => new("desired-twice", ExitCode.BadInput, $"{what} is wanted twice and differently: {first}, {second}.", "Leave it in one of the two files.");
}
