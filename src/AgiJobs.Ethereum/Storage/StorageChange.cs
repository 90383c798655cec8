namespace AgiJobs.Ethereum.Storage;

/// <summary>One variable that differs.</summary>
/// <param name="Slot">The slot that it lies in.</param>
/// <param name="Path">The variable with its keys, indices and members, such as <c>_spent[0x...][0x...]</c>; null when no name is known for these bits.</param>
/// <param name="Variable">The state variable that it belongs to; null when no name is known.</param>
/// <param name="Type">Its type as the source names it; null when no name is known.</param>
/// <param name="Before">The value before, for people; the whole word in hex when no name is known.</param>
/// <param name="After">The value after.</param>
public sealed record StorageChange(Bytes32 Slot, string? Path, string? Variable, string? Type, string Before, string After);
