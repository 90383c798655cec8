using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Ethereum.TypedData;
using AgiJobs.Response.Findings;

namespace AgiJobs.Response.Runbooks;

/// <summary>Somebody who works on a run.</summary>
/// <param name="Name">Who: the person's name among the operators, the signer's where nobody is named.</param>
/// <param name="Duties">What they answer for; null where the network names no people, and then nobody's duty is asked.</param>
/// <param name="Signer">The name of their signer.</param>
/// <param name="Address">Its address.</param>
/// <param name="SignAsync">Has them sign.</param>
public sealed record RunbookActor(string Name, IReadOnlyCollection<Duty>? Duties, string Signer, Address Address, Func<TypedDocument, CancellationToken, Task<byte[]>> SignAsync);

/// <summary>What a run has to know of its incident.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Roles">Who has which duty in it, by the person's name; one that nobody has yet is missing.</param>
public sealed record IncidentSight(Severity Severity, IReadOnlyDictionary<Duty, string> Roles);
