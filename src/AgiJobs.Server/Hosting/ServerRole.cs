using AgiJobs.Control;

namespace AgiJobs.Server.Hosting;

/// <summary>What a host does. One may do several.</summary>
[Flags]
public enum ServerRole
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Shows standings, runs and the arena's status.</summary>
    Api = 1,

    /// <summary>Takes agents' requests: <c>docs/gateway.md</c>.</summary>
    Gateway = 2,

    /// <summary>Plays the arena's rounds.</summary>
    Arena = 4,

    /// <summary>Drives runs of the HGM engine that nobody drives, shows them, and takes what steers them.</summary>
    Hgm = 8,

    /// <summary>Follows the chain for the detectors and the index, and tells what they find.</summary>
    Monitor = 16,
}

/// <summary>Roles as people write them.</summary>
public static class ServerRoles
{
    private static readonly Dictionary<string, ServerRole> ByName = new(StringComparer.Ordinal)
    {
        ["api"] = ServerRole.Api,
        ["gateway"] = ServerRole.Gateway,
        ["arena"] = ServerRole.Arena,
        ["hgm"] = ServerRole.Hgm,
        ["monitor"] = ServerRole.Monitor,
    };

    /// <summary>Reads <c>api,gateway,arena,hgm,monitor</c>.</summary>
    /// <exception cref="ControlException"><c>role-unknown</c>.</exception>
    public static ServerRole Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var roles = ServerRole.None;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            roles |= ByName.TryGetValue(name, out var role)
                ? role
                : throw new ControlException("role-unknown", ExitCode.BadInput, $"'{name}' is no role: there are {string.Join(", ", ByName.Keys)}.", "Write one or more of them, with commas between.");
        }

        return roles;
    }

    /// <summary>The names, in a fixed order.</summary>
    public static string NamesOf(ServerRole roles) => string.Join(',', ByName.Where(entry => roles.HasFlag(entry.Value)).Select(entry => entry.Key));
}
