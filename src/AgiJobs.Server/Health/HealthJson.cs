using System.Text.Json.Serialization;

namespace AgiJobs.Server.Health;

/// <summary>That the process lives.</summary>
/// <param name="Status"><c>alive</c>.</param>
internal sealed record LifeView(string Status);

/// <summary>Whether a host does what it is there for.</summary>
/// <param name="Ready">True when every dependency is ready.</param>
/// <param name="Network">The network's name.</param>
/// <param name="Roles">The host's roles.</param>
/// <param name="NotReady">The names of those that are not.</param>
/// <param name="Dependencies">How each stands.</param>
internal sealed record ReadinessView(bool Ready, string Network, string Roles, IReadOnlyList<string> NotReady, IReadOnlyList<DependencyView> Dependencies);

/// <summary>How a dependency stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Ready">Whether it is ready; what is not known is not.</param>
/// <param name="Code">Stable.</param>
/// <param name="Message">In words.</param>
internal sealed record DependencyView(string Name, bool Ready, string Code, string Message);

/// <summary>What a host runs with.</summary>
/// <param name="Network">The network's name.</param>
/// <param name="ChainId">Its chain.</param>
/// <param name="Roles">The host's roles.</param>
/// <param name="Digest">SHA-256 of the canonical JSON (RFC 8785) of the settings.</param>
/// <param name="Settings">The settings as they were when it started; secrets and URLs as SHA-256.</param>
internal sealed record ConfigurationView(string Network, ulong ChainId, string Roles, string Digest, IReadOnlyDictionary<string, string> Settings);

/// <summary>How health is written.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ConfigurationView))]
[JsonSerializable(typeof(LifeView))]
[JsonSerializable(typeof(ReadinessView))]
internal sealed partial class HealthJson : JsonSerializerContext;
