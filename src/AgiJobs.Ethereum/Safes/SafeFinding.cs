namespace AgiJobs.Ethereum.Safes;

/// <summary>Something about a Safe that a reader must know before relying on it. Absence of a finding means it was checked.</summary>
/// <param name="Code">A stable identifier such as <c>safe-singleton-unknown</c>.</param>
/// <param name="Message">What was found and what it means.</param>
public sealed record SafeFinding(string Code, string Message);
