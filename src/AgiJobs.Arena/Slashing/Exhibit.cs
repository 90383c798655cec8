namespace AgiJobs.Arena.Slashing;

/// <summary>Bytes that somebody published for a round: the statement of its task, or an answer.</summary>
/// <param name="Bytes">As they were published.</param>
/// <param name="WasOpen">
/// Whether everybody in the round could read them before its voting began. Bytes that came later prove nothing against a validator, or a student could withhold an answer until the votes are in.
/// </param>
public sealed record Exhibit(ReadOnlyMemory<byte> Bytes, bool WasOpen);
