pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    // One place says where libraries come from; a module that adds its own fails the build.
    repositoriesMode = RepositoriesMode.FAIL_ON_PROJECT_REPOS
    repositories {
        google()
        mavenCentral()
    }
}

rootProject.name = "edgekit-digits"

// `core` and `digits` are what `edgekit bundle --android` writes (`make bundle` renews them).
// litert-desktop is for the checks on the host and no part of the app.
include(":core", ":digits", ":app")
