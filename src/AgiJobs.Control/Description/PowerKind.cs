using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgiJobs.Control.Description;

/// <summary>What a function of an office amounts to, whatever contract has it. In the order in which reports list them.</summary>
public enum PowerKind
{
    /// <summary>Stops something.</summary>
    Pause,

    /// <summary>Lets it run again.</summary>
    Resume,

    /// <summary>Moves money, or says where it goes.</summary>
    MoveFunds,

    /// <summary>Changes what users pay or are paid.</summary>
    ChangeFees,

    /// <summary>Changes any other value.</summary>
    ChangeParameters,

    /// <summary>Takes or binds somebody's stake.</summary>
    Slash,

    /// <summary>Gives back, voids or extends in favour of users.</summary>
    Refund,

    /// <summary>Gives and takes powers: roles, ownership.</summary>
    Rotate,

    /// <summary>Points a module at another contract.</summary>
    Rewire,

    /// <summary>Exchanges the code that runs.</summary>
    Upgrade,

    /// <summary>Calls anything in a contract's name.</summary>
    Forward,

    /// <summary>Lets users in or shuts them out.</summary>
    Admit,

    /// <summary>Daily work within limits.</summary>
    Operate,
}

/// <summary>Powers by their names in camel case.</summary>
public sealed class PowerKindConverter() : JsonStringEnumConverter<PowerKind>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);

/// <summary>How powers are written.</summary>
public static class PowerKinds
{
    /// <summary>The name in files and JSON: <c>moveFunds</c>.</summary>
    public static string Key(this PowerKind power) => JsonNamingPolicy.CamelCase.ConvertName(power.ToString());

    /// <summary>The name for people: <c>move funds</c>.</summary>
    public static string Words(this PowerKind power) => JsonNamingPolicy.KebabCaseLower.ConvertName(power.ToString()).Replace('-', ' ');
}
