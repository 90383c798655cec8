using AgiJobs.Control.Description;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;

namespace AgiJobs.Response.Detectors.Expressions;

/// <summary>A name that an expression can use.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">The type of what it stands for.</param>
/// <param name="IsHashed">True when only the hash of the value is on the chain (an indexed string, bytes, array or tuple).</param>
/// <param name="Unit">What it counts; null when nobody says.</param>
public sealed record ExpressionName(string Name, AbiType Type, bool IsHashed = false, Unit? Unit = null);

/// <summary>What an expression is typed against: the names that there are, in the order of the values that it is evaluated with, and what @NAME stands for.</summary>
/// <param name="Names">The names; one that is empty or stands twice can be used by nobody.</param>
/// <param name="Units">A unit by its name, such as a token's symbol; null for one that is unknown.</param>
/// <param name="AddressOf">The address that @NAME stands for; null when it stands for none.</param>
/// <param name="Owner">What the names belong to, for messages: <c>event Paused(address account)</c>.</param>
public sealed record ExpressionScope(IReadOnlyList<ExpressionName> Names, Func<string, Unit?> Units, Func<string, Address?> AddressOf, string Owner);
