using System.Text.Json;
using System.Text.Json.Serialization;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Response.Incidents;

/// <summary>Who does what in an incident, by the incident playbooks.</summary>
public enum IncidentRole
{
    /// <summary>Owns the response, declares the severity, tracks progress, approves recovery.</summary>
    Commander,

    /// <summary>Executes the mitigations on the chain by the owner console. Never the commander.</summary>
    Operator,

    /// <summary>Speaks with partners, auditors and providers of monitoring, and coordinates disclosure.</summary>
    Security,

    /// <summary>Manages internal and external messages, with legal.</summary>
    Communications,
}

/// <summary>Roles by their lower-case names.</summary>
public sealed class IncidentRoleConverter() : JsonStringEnumConverter<IncidentRole>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>The names and duties of roles.</summary>
public static class IncidentRoles
{
    /// <summary>The name as files and commands have it.</summary>
    public static string Name(this IncidentRole role) => role.Duty().Name();

    /// <summary>The duty that a person must have to fill it.</summary>
    public static Duty Duty(this IncidentRole role) => role switch
    {
        IncidentRole.Commander => Control.Workspaces.Duty.Commander,
        IncidentRole.Operator => Control.Workspaces.Duty.Operator,
        IncidentRole.Security => Control.Workspaces.Duty.Security,
        _ => Control.Workspaces.Duty.Communications,
    };

    /// <summary>Reads a name; null for anything else.</summary>
    public static IncidentRole? Parse(string text) => Enum.GetValues<IncidentRole>().Cast<IncidentRole?>().FirstOrDefault(role => string.Equals(role!.Value.Name(), text, StringComparison.OrdinalIgnoreCase));
}
