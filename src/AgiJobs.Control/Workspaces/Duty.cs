using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgiJobs.Control.Workspaces;

/// <summary>What a person answers for.</summary>
public enum Duty
{
    /// <summary>Plans changes and answers for their content.</summary>
    Author,

    /// <summary>Reviews changes and consents to them.</summary>
    Approver,

    /// <summary>Sends approved changes.</summary>
    Executor,

    /// <summary>Leads the response to an incident.</summary>
    Commander,

    /// <summary>Works the owner console, and answers for the checks after an incident.</summary>
    Operator,

    /// <summary>Answers for alerts and their return to normal.</summary>
    Security,

    /// <summary>Speaks to users and the public.</summary>
    Communications,

    /// <summary>Answers for the treasury and for rewards.</summary>
    Finance,
}

/// <summary>Duties by their lower-case names.</summary>
public sealed class DutyConverter() : JsonStringEnumConverter<Duty>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>The names of duties.</summary>
public static class Duties
{
    /// <summary>The name as files and commands have it.</summary>
    public static string Name(this Duty duty) => duty switch
    {
        Duty.Author => "author",
        Duty.Approver => "approver",
        Duty.Executor => "executor",
        Duty.Commander => "commander",
        Duty.Operator => "operator",
        Duty.Security => "security",
        Duty.Communications => "communications",
        _ => "finance",
    };

    /// <summary>The names, separated by a word.</summary>
    public static string Names(this IEnumerable<Duty> duties, string separator = " or ") => string.Join(separator, duties.Select(Name));

    /// <summary>The duty of a name.</summary>
    /// <exception cref="ControlException"><c>duty-unknown</c> with the names there are.</exception>
    public static Duty Parse(string name)
    {
        foreach (var duty in Enum.GetValues<Duty>())
        {
            if (string.Equals(duty.Name(), name, StringComparison.Ordinal))
            {
                return duty;
            }
        }

        throw new ControlException("duty-unknown", ExitCode.BadInput, $"There is no duty '{name}'. There are {Enum.GetValues<Duty>().Names(", ")}.", "Write one of these names.");
    }
}
